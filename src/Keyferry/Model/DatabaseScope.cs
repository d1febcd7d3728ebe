using System.Globalization;

namespace Keyferry.Model;

/// <summary>Which keys a run moves: of which logical databases, by which names and of which kinds; and into which databases.</summary>
internal sealed class DatabaseScope
{
    /// <summary>Every key of every database, each to the one with its number.</summary>
    public static readonly DatabaseScope All = new(null, KeyNames.All);

    private readonly IReadOnlyDictionary<int, int>? _map;
    private readonly IReadOnlyDictionary<int, string> _prefixes;
    private readonly Dictionary<int, KeyNames> _prefixed = [];

    /// <param name="map">The databases of the source that are moved, and where to; <see langword="null"/> for all of them, each to the one with its number.</param>
    /// <param name="names">Which names.</param>
    /// <param name="prefixes">What stands before the names of a database of the source on the target. A name that begins with a longer one of another database is that one's.</param>
    /// <exception cref="KeyferryException">Several databases go into one, and nothing tells their names apart.</exception>
    public DatabaseScope(IReadOnlyDictionary<int, int>? map, KeyNames names, IReadOnlyDictionary<int, string>? prefixes = null)
    {
        (_map, Names, _prefixes) = (map, names, prefixes ?? new Dictionary<int, string>());
        ThrowIfAlike();
        foreach (var (database, into) in map ?? new Dictionary<int, int>())
        {
            var prefix = PrefixOf(database);
            string[] barred =
            [
                .. SourcesOf(into)
                    .Where(other => other != database && PrefixOf(other).StartsWith(prefix, StringComparison.Ordinal))
                    .Select(PrefixOf),
            ];
            if (prefix.Length > 0 || barred.Length > 0)
            {
                _prefixed[database] = names.Behind(prefix, barred);
            }
        }
    }

    /// <summary>The databases of the source that are moved, where they are named; <see langword="null"/> for all of them.</summary>
    public IReadOnlyCollection<int>? Databases => _map is null ? null : [.. _map.Keys];

    /// <summary>Which names, whatever they are called on the target.</summary>
    public KeyNames Names { get; }

    /// <summary>Whether any key is called otherwise on the target.</summary>
    public bool Rename => Names.Rename || _prefixed.Count > 0;

    /// <summary>Of which kinds. Only a look at the key tells.</summary>
    public KeyKinds Kinds { get; init; } = KeyKinds.All;

    /// <summary>What becomes of expiries.</summary>
    public ExpiryPolicy Expiry { get; init; } = ExpiryPolicy.Keep;

    /// <summary>Databases, names, kinds and expiries as text, the same for the same scope; empty for everything.</summary>
    public string Text =>
        string.Join(
                ' ',
                (_map ?? new Dictionary<int, int>())
                    .OrderBy(static pair => pair.Key)
                    .Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key}:{pair.Value}{Behind(pair.Key)}"))
                    .Append(Names.Text)
                    .Append(Kinds.Text)
                    .Append(Expiry.Text)
                    .Where(static part => part.Length > 0)
            )
            .Trim();

    /// <summary>Whether the source's <paramref name="database"/> is moved.</summary>
    public bool Covers(int database) => _map is null || _map.ContainsKey(database);

    /// <summary>Whether a key of the source may be moved, as far as its name tells.</summary>
    public bool Covers(int database, ReadOnlySpan<byte> key) => Covers(database) && Names.Cover(key);

    /// <summary>The names of the source's <paramref name="database"/>, and what they are called on the target.</summary>
    public KeyNames NamesOf(int database) => _prefixed.GetValueOrDefault(database, Names);

    /// <summary>Where keys of the source's <paramref name="database"/> go.</summary>
    public int TargetOf(int database) => _map is null ? database : _map.GetValueOrDefault(database, database);

    /// <summary>Where keys of the target's <paramref name="database"/> come from; none where the run does not write there.</summary>
    public IEnumerable<int> SourcesOf(int database) =>
        _map is null ? [database] : _map.Where(pair => pair.Value == database).Select(static pair => pair.Key);

    private void ThrowIfAlike()
    {
        foreach (var into in (_map ?? new Dictionary<int, int>()).GroupBy(static pair => pair.Value, static pair => pair.Key))
        {
            if (into.GroupBy(PrefixOf).FirstOrDefault(static alike => alike.Count() > 1) is { } alike)
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"The databases {string.Join(" and ", alike)} go into one, {into.Key}: keys of one name would overwrite each other.",
                    $"Give each a database of its own, or names that begin differently: --databases {string.Join(',', into.Select(from => $"{from}:{into.Key}:db{from}:"))}"
                );
            }
        }
    }

    private string PrefixOf(int database) => _prefixes.GetValueOrDefault(database, "");

    private string Behind(int database) => PrefixOf(database) is { Length: > 0 } prefix ? $":{prefix}" : "";
}
