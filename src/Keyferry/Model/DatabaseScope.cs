using System.Globalization;

namespace Keyferry.Model;

/// <summary>Which keys a run moves: of which logical databases, by which names and of which kinds; and into which databases.</summary>
/// <param name="map">The databases of the source that are moved, and where to; <see langword="null"/> for all of them, each to the one with its number. No two go to
/// one.</param>
/// <param name="names">Which names.</param>
internal sealed class DatabaseScope(IReadOnlyDictionary<int, int>? map, KeyNames names)
{
    /// <summary>Every key of every database, each to the one with its number.</summary>
    public static readonly DatabaseScope All = new(null, KeyNames.All);

    /// <summary>The databases of the source that are moved, where they are named; <see langword="null"/> for all of them.</summary>
    public IReadOnlyCollection<int>? Databases => map is null ? null : [.. map.Keys];

    /// <summary>Which names.</summary>
    public KeyNames Names => names;

    /// <summary>Of which kinds. Only a look at the key tells.</summary>
    public KeyKinds Kinds { get; init; } = KeyKinds.All;

    /// <summary>What becomes of expiries.</summary>
    public ExpiryPolicy Expiry { get; init; } = ExpiryPolicy.Keep;

    /// <summary>Databases, names, kinds and expiries as text, the same for the same scope; empty for everything.</summary>
    public string Text =>
        string.Join(
                ' ',
                (map ?? new Dictionary<int, int>())
                    .OrderBy(static pair => pair.Key)
                    .Select(static pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}:{pair.Value}"))
                    .Append(names.Text)
                    .Append(Kinds.Text)
                    .Append(Expiry.Text)
                    .Where(static part => part.Length > 0)
            )
            .Trim();

    /// <summary>Whether the source's <paramref name="database"/> is moved.</summary>
    public bool Covers(int database) => map is null || map.ContainsKey(database);

    /// <summary>Whether a key of the source may be moved, as far as its name tells.</summary>
    public bool Covers(int database, ReadOnlySpan<byte> key) => Covers(database) && names.Cover(key);

    /// <summary>Where keys of the source's <paramref name="database"/> go.</summary>
    public int TargetOf(int database) => map is null ? database : map.GetValueOrDefault(database, database);

    /// <summary>Where keys of the target's <paramref name="database"/> come from, or <see langword="null"/> if the run does not write there.</summary>
    public int? SourceOf(int database)
    {
        if (map is null)
        {
            return database;
        }

        foreach (var (from, into) in map)
        {
            if (into == database)
            {
                return from;
            }
        }

        return null;
    }
}
