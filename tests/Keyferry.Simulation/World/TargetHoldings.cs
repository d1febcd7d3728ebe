using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>What a target had before a migration began, and whether it still has what was never the source's.</summary>
internal sealed class TargetHoldings
{
    private readonly Dictionary<(int Database, Blob Key), (string Value, long? ExpiresAt)> _before = [];
    private readonly HashSet<(int Database, Blob Key)> _everOnSource = [];

    /// <summary>Notes from now on which keys the source has.</summary>
    public void WatchSource(SimServer source) => source.Keyspace.Putting = (database, key) => _everOnSource.Add((database, key));

    /// <summary>Notes what the target has.</summary>
    public void Remember(SimServer target)
    {
        for (var database = 0; database < target.Keyspace.Count; database++)
        {
            foreach (var (key, entry) in target.Keyspace[database].Keys)
            {
                _before[(database, key)] = (SimOracle.Describe(entry.Value), entry.ExpiresAt);
            }
        }
    }

    /// <summary>Whether a key of the target is one that it had before, unchanged.</summary>
    public bool IsAsItWas(int database, Blob key, KeyEntry entry) =>
        _before.TryGetValue((database, key), out var before) && before == (SimOracle.Describe(entry.Value), entry.ExpiresAt);

    /// <summary>Keys that the target had, that the source never had, and that are gone or changed.</summary>
    public IReadOnlyList<string> Trespasses(SimServer target) =>
        [
            .. _before
                .Where(pair => !_everOnSource.Contains(pair.Key) && !(pair.Value.ExpiresAt <= target.Clock))
                .Where(pair =>
                    target.Keyspace[pair.Key.Database].Find(pair.Key.Key) is not { } entry
                    || !IsAsItWas(pair.Key.Database, pair.Key.Key, entry)
                )
                .Select(static pair => $"db{pair.Key.Database} {pair.Key.Key}: {pair.Value.Value}"),
        ];
}
