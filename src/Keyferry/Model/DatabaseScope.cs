namespace Keyferry.Model;

/// <summary>Which logical databases a run moves, and where to.</summary>
/// <param name="Only">The one database of the source that is moved, or <see langword="null"/> for all of them.</param>
/// <param name="Into">The database of the target that it goes to; <see langword="null"/> with all of them, which keep their numbers.</param>
internal sealed record DatabaseScope(int? Only, int? Into)
{
    /// <summary>Every database, each to the one with its number.</summary>
    public static readonly DatabaseScope All = new(null, null);

    /// <summary>Whether the source's <paramref name="database"/> is moved.</summary>
    public bool Covers(int database) => Only is null || Only == database;

    /// <summary>Where keys of the source's <paramref name="database"/> go.</summary>
    public int TargetOf(int database) => Into ?? database;

    /// <summary>Where keys of the target's <paramref name="database"/> come from, or <see langword="null"/> if the run does not write there.</summary>
    public int? SourceOf(int database) =>
        Only is null ? database
        : Into == database ? Only
        : null;
}
