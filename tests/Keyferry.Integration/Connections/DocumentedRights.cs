using Keyferry.Integration.Servers;

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

    /// <summary>The same rights in the words of a server, as the page's table of older and newer servers has them.</summary>
    public static string[] On(ServerKind kind, params IEnumerable<string> rights)
    {
        var others = File.ReadAllLines(Page())
            .SkipWhile(static line => !line.StartsWith("## Older and newer servers", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(static line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 5 && cells[2].StartsWith('`') && IsMeant(kind, cells[1]))
            .ToDictionary(static cells => cells[2].Trim('`'), static cells => cells[3]);
        return
        [
            .. rights.SelectMany(right =>
                !others.TryGetValue(right, out var other) ? [right]
                : other.StartsWith('`') ? other.Trim('`').Split(' ')
                : []
            ),
        ];
    }

    private static bool IsMeant(ServerKind kind, string servers) =>
        servers switch
        {
            "Redis 6" or "Redis 6.0" => kind == ServerKind.Redis60,
            "Redis 7.4 and newer, Valkey 9 and newer" => kind is ServerKind.Redis80 or ServerKind.Redis86 or ServerKind.Valkey91,
            _ => throw new InvalidOperationException($"the page has a row for '{servers}', which no test knows"),
        };

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
