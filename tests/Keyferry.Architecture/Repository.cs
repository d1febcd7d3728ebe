namespace Keyferry.Architecture;

/// <summary>The repository that this test was built from: its sources and its table of edges.</summary>
internal static class Repository
{
    private static readonly Lazy<string> _root = new(FindRoot);

    public static IReadOnlyList<SourceFile> Sources() => [.. Read("src")];

    public static IReadOnlyList<SourceFile> SourcesAndTests() => [.. Read("src"), .. Read("tests")];

    public static string Text(string path) => File.ReadAllText(Path.Combine(_root.Value, path));

    public static bool Holds(string path) => Path.Exists(Path.Combine(_root.Value, path));

    /// <summary>The pages at the root, under docs, and beside the sources.</summary>
    public static IEnumerable<string> Documents() =>
        Directory
            .EnumerateFiles(_root.Value, "*.md")
            .Concat(
                new[] { "docs", "src", "tests" }.SelectMany(folder =>
                    Directory.EnumerateFiles(Path.Combine(_root.Value, folder), "*.md", SearchOption.AllDirectories)
                )
            )
            .Select(static file => Path.GetRelativePath(_root.Value, file).Replace('\\', '/'));

    private static IEnumerable<SourceFile> Read(string folder) =>
        Directory
            .EnumerateFiles(Path.Combine(_root.Value, folder), "*.cs", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(static file => SourceFile.Parse(Path.GetRelativePath(_root.Value, file).Replace('\\', '/'), File.ReadAllText(file)));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Keyferry.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Keyferry.slnx above {AppContext.BaseDirectory}.");
    }
}
