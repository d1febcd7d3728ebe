namespace Keyferry.Integration.Connections;

/// <summary>The rights that <c>docs/operate/permissions.md</c> lists, as the page lists them.</summary>
internal static class DocumentedRights
{
    /// <summary>What the source's user needs with a capture.</summary>
    public static string[] OfSource(string capture) =>
        capture == "polling" ? After("The source") : [.. After("The source"), .. After($"With `--capture {capture}`")];

    /// <summary>The rights in the first block of code after a heading, or a line, that begins so.</summary>
    public static string[] After(string words)
    {
        var lines = File.ReadAllLines(Page());
        var begin = Array.FindIndex(
            lines,
            line => line.StartsWith($"## {words}", StringComparison.Ordinal) || line.StartsWith(words, StringComparison.Ordinal)
        );
        return
        [
            .. lines
                .Skip(begin)
                .SkipWhile(static line => !line.StartsWith("    ", StringComparison.Ordinal))
                .TakeWhile(static line => line.StartsWith("    ", StringComparison.Ordinal))
                .SelectMany(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
        ];
    }

    private static string Page()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "docs", "operate", "permissions.md")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("docs/operate/permissions.md is not found.");
        }

        return Path.Combine(folder, "docs", "operate", "permissions.md");
    }
}
