namespace Keyferry.Architecture;

/// <summary>Which folder may use which: the table of <c>docs/architecture.md</c>.</summary>
internal sealed class EdgeTable
{
    private const string Everything = "*";
    private readonly Dictionary<string, HashSet<string>> _rows = new(StringComparer.Ordinal);

    public IEnumerable<string> Folders => _rows.Keys;

    /// <summary>Reads the one table whose head is "folder | may use".</summary>
    /// <exception cref="FormatException">There is no such table, or it names a folder that has no row.</exception>
    public static EdgeTable Parse(string markdown)
    {
        var rows = markdown
            .Split('\n')
            .Select(Cells)
            .SkipWhile(static cells => cells is not ["folder", "may use"])
            .Skip(2)
            .TakeWhile(static cells => cells.Length == 2);
        var table = new EdgeTable();
        foreach (var row in rows)
        {
            table._rows.Add(row[0], [.. row[1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)]);
        }

        if (table._rows.Count == 0)
        {
            throw new FormatException("No table with the head 'folder | may use'.");
        }

        var unknown = table._rows.Values.SelectMany(static uses => uses).Except([.. table.Folders, Everything], StringComparer.Ordinal);
        return unknown.FirstOrDefault() is { } name ? throw new FormatException($"'{name}' is used in the table but has no row.") : table;
    }

    public bool Knows(string folder) => _rows.ContainsKey(folder);

    public bool Allows(string from, string to) =>
        _rows.TryGetValue(from, out var uses) && (uses.Contains(to) || (uses.Contains(Everything) && to is not ("Cli" or "Aws")));

    /// <summary>The table itself as a graph, for the check that no cycle is allowed by it.</summary>
    public IEnumerable<(string From, string To)> Edges() =>
        from folder in Folders
        from other in Folders
        where folder != other && Allows(folder, other)
        select (folder, other);

    private static string[] Cells(string line) =>
        line.TrimEnd().StartsWith('|') ? line.Trim()[1..].TrimEnd('|').Split('|', StringSplitOptions.TrimEntries) : [];
}
