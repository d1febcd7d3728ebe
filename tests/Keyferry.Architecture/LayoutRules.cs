using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Keyferry.Architecture;

/// <summary>Rules about what may use what. Each yields one line for each breach.</summary>
internal static class LayoutRules
{
    public static IEnumerable<string> EdgesOutsideTheTable(References references, EdgeTable table) =>
        from reference in references.All
        where reference.From.Folder != reference.To.Folder
        where !table.Allows(reference.From.Folder, reference.To.Folder)
        select $"{reference.Place}: {reference.From.Folder} may not use {reference.To.Folder} ({reference.Type})";

    public static IEnumerable<string> FoldersWithoutARow(IEnumerable<SourceFile> files, EdgeTable table) =>
        files
            .Where(file => !table.Knows(file.Folder))
            .Select(static file => $"{file.Path}: its folder '{file.Folder}' has no row in the table");

    public static IEnumerable<string> FolderCycles(References references) =>
        Describe(
            Cycles<string>.In(
                references.All.Where(static one => one.From.Folder != one.To.Folder).Select(static one => (one.From.Folder, one.To.Folder))
            )
        );

    public static IEnumerable<string> TableCycles(EdgeTable table) => Describe(Cycles<string>.In(table.Edges()));

    /// <summary>Cycles between files; the files that hold parts of one type count as one.</summary>
    public static IEnumerable<string> FileCycles(References references)
    {
        var joined = new Dictionary<SourceFile, SourceFile>();
        SourceFile Whole(SourceFile file)
        {
            while (joined.TryGetValue(file, out var other))
            {
                file = other;
            }

            return file;
        }

        foreach (var parts in references.PartsOfTypes())
        {
            foreach (var part in parts.Skip(1).Where(part => Whole(part) != Whole(parts[0])))
            {
                joined[Whole(part)] = Whole(parts[0]);
            }
        }

        var edges = references
            .All.Select(one => (From: Whole(one.From), To: Whole(one.To), one))
            .Where(static edge => edge.From != edge.To)
            .ToList();
        foreach (var cycle in Cycles<SourceFile>.In(edges.Select(static edge => (edge.From, edge.To))))
        {
            var inside = edges.Where(edge => cycle.Contains(edge.From) && cycle.Contains(edge.To));
            yield return "these files use each other: "
                + string.Join("; ", inside.Select(static edge => $"{edge.one.Place} uses {edge.one.Type}"));
        }
    }

    public static IEnumerable<string> NamespacesBesideTheirFolder(IEnumerable<SourceFile> files) =>
        from file in files
        let expected = $"Keyferry.{file.Folder}"
        from declaration in file.Root.DescendantNodes().OfType<BaseNamespaceDeclarationSyntax>()
        let name = declaration.Name.ToString()
        where name != expected && !name.StartsWith(expected + ".", StringComparison.Ordinal)
        select $"{file.At(declaration.Name.GetLocation())}: namespace {name} in folder {file.Folder}";

    private static IEnumerable<string> Describe(IEnumerable<IReadOnlyList<string>> cycles) =>
        cycles.Select(static cycle => "these folders use each other: " + string.Join(", ", cycle.Order(StringComparer.Ordinal)));
}
