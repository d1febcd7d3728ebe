using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Keyferry.Architecture;

/// <summary>Rules about one file at a time: sizes, and what may not stand in a source. Each yields one line for each breach.</summary>
internal static partial class FileRules
{
    public const int FileLines = 400;
    public const int TypeLines = 400;
    public const int FunctionLines = 60;
    public const int LinesWithoutSummary = 60;

    public static IEnumerable<string> LongFiles(IEnumerable<SourceFile> files) =>
        files.Where(static file => file.LineCount > FileLines).Select(static file => $"{file.Path}: {file.LineCount} lines");

    /// <summary>Types whose parts together are too long. Nested types count as part of the outer one.</summary>
    public static IEnumerable<string> LongTypes(IEnumerable<SourceFile> files) =>
        from file in files
        from declaration in TopLevelTypes(file)
        group (Place: file.At(declaration.Identifier.GetLocation()), Lines: Lines(declaration)) by FullName(declaration) into type
        let total = type.Sum(static part => part.Lines)
        where total > TypeLines
        select $"{type.First().Place}: {type.Key} has {total} lines in {type.Count()} parts";

    public static IEnumerable<string> LongFunctions(IEnumerable<SourceFile> files) =>
        from file in files
        from function in file.Root.DescendantNodes()
        where
            function
                is BaseMethodDeclarationSyntax
                    or LocalFunctionStatementSyntax
                    or AccessorDeclarationSyntax
                    or AnonymousFunctionExpressionSyntax
        let lines = Lines(function)
        where lines > FunctionLines
        select $"{file.At(function.GetLocation())}: a function of {lines} lines";

    public static IEnumerable<string> WarningsSwitchedOff(IEnumerable<SourceFile> files) =>
        Trivia(
            files,
            static trivia => trivia.GetStructure() is PragmaWarningDirectiveTriviaSyntax or NullableDirectiveTriviaSyntax,
            "switches warnings in the source"
        );

    public static IEnumerable<string> Regions(IEnumerable<SourceFile> files) =>
        Trivia(files, static trivia => trivia.IsKind(SyntaxKind.RegionDirectiveTrivia), "a region");

    public static IEnumerable<string> WorkLeftOpen(IEnumerable<SourceFile> files) =>
        Trivia(
            files,
            static trivia =>
                !trivia.IsDirective && !trivia.IsKind(SyntaxKind.DisabledTextTrivia) && OpenWork().IsMatch(trivia.ToFullString()),
            "work left open in a comment"
        );

    public static IEnumerable<string> SuppressedNullability(IEnumerable<SourceFile> files) =>
        from file in files
        from node in file.Root.DescendantNodes()
        where node.IsKind(SyntaxKind.SuppressNullableWarningExpression)
        select $"{file.At(node.GetLocation())}: {node} suppresses a nullability warning";

    /// <summary>Files long enough to need an explanation whose types have none.</summary>
    public static IEnumerable<string> MissingSummaries(IEnumerable<SourceFile> files)
    {
        var all = files.ToList();
        var explained = all.SelectMany(TopLevelTypes).Where(HasSummary).Select(FullName).ToHashSet(StringComparer.Ordinal);
        return from file in all
            where file.LineCount > LinesWithoutSummary
            from type in TopLevelTypes(file)
            where !explained.Contains(FullName(type))
            select $"{file.At(type.Identifier.GetLocation())}: {type.Identifier} has no summary";
    }

    private static IEnumerable<BaseTypeDeclarationSyntax> TopLevelTypes(SourceFile file) =>
        file.Root.DescendantNodes(static node => node is not BaseTypeDeclarationSyntax).OfType<BaseTypeDeclarationSyntax>();

    private static bool HasSummary(BaseTypeDeclarationSyntax type) =>
        type.GetLeadingTrivia()
            .Any(static trivia =>
                trivia.GetStructure() is DocumentationCommentTriviaSyntax said
                && said.ToFullString().Contains("<summary>", StringComparison.Ordinal)
            );

    private static string FullName(BaseTypeDeclarationSyntax type)
    {
        var space = type.Ancestors().OfType<BaseNamespaceDeclarationSyntax>().FirstOrDefault()?.Name.ToString();
        var arity = type is TypeDeclarationSyntax { TypeParameterList.Parameters.Count: var count } ? $"`{count}" : "";
        return $"{space}.{type.Identifier}{arity}";
    }

    private static int Lines(SyntaxNode node)
    {
        var span = node.GetLocation().GetLineSpan();
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static IEnumerable<string> Trivia(IEnumerable<SourceFile> files, Func<SyntaxTrivia, bool> breaks, string what) =>
        from file in files
        from trivia in file.Root.DescendantTrivia()
        where breaks(trivia)
        select $"{file.At(trivia.GetLocation())}: {what}";

    [GeneratedRegex(@"\b(?:TODO|FIXME|HACK|XXX)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OpenWork();
}
