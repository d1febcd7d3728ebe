using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.World;

/// <summary>Looks into both servers and says how their data differ; shares no code with the engine.</summary>
internal static class SimOracle
{
    /// <summary>Clocks that differ by less are taken to agree, and then expiries must be the same to the millisecond.</summary>
    private const long Agreement = 100;

    /// <summary>A key that expires within so many milliseconds may be gone on one side already.</summary>
    private const long Imminent = 1_000;

    /// <summary>How exactly a difference of clocks can be measured over the network, in milliseconds.</summary>
    private const long Tolerance = 500;

    /// <summary>One line for each key that differs; Keyferry's own keys do not count, expired keys are absent.</summary>
    /// <param name="source">One side.</param>
    /// <param name="target">The other.</param>
    /// <param name="choice">What part of the source the target is to have, and under which names.</param>
    /// <param name="mayStay">Whether a key that only the target has is one that may be there.</param>
    public static IReadOnlyList<string> Compare(
        SimServer source,
        SimServer target,
        SimChoice choice,
        Func<int, Blob, KeyEntry, bool>? mayStay = null
    ) => [.. Differing(source, target, choice, mayStay).Select(static key => $"db{key.Database} {key.Key}: {key.What}")];

    /// <summary>The keys that differ, as they are called on the target, how, and whether the difference is over when they expire.</summary>
    public static IEnumerable<(int Database, Blob Key, string What, bool Passes)> Differing(
        SimServer source,
        SimServer target,
        SimChoice choice,
        Func<int, Blob, KeyEntry, bool>? mayStay
    )
    {
        for (var database = 0; database < Math.Max(source.Keyspace.Count, target.Keyspace.Count); database++)
        {
            var here = Chosen(source, database, choice);
            var there = Contents(target, database)
                .Where(pair => choice.IsTheRuns(pair.Key))
                .ToDictionary(static pair => pair.Key, static pair => pair.Value);
            foreach (var key in here.Keys.Union(there.Keys).Order())
            {
                var left = here.GetValueOrDefault(key);
                var right = there.GetValueOrDefault(key);
                if (left is null && right is not null && mayStay?.Invoke(database, key, right) == true)
                {
                    continue;
                }

                if (Difference(source, target, left, right) is { } what)
                {
                    var passes =
                        left is null or { ExpiresAt: not null }
                        && (right is null or { ExpiresAt: not null } || mayStay?.Invoke(database, key, right) == true);
                    yield return (database, key, what, passes);
                }
            }
        }
    }

    /// <summary>Whether the source has nothing any more that the target would have under this name.</summary>
    public static bool IsGone(SimServer source, SimChoice choice, int database, Blob key) =>
        !Chosen(source, database, choice).ContainsKey(key);

    /// <summary>A digest of everything in a server; equal for equal data.</summary>
    public static ulong Fingerprint(SimServer server)
    {
        var hash = new TraceHash();
        for (var database = 0; database < server.Keyspace.Count; database++)
        {
            foreach (var (key, entry) in Contents(server, database).OrderBy(static pair => pair.Key))
            {
                hash.Add(database);
                hash.Add(key.Span);
                Blob text = Describe(entry.Value);
                hash.Add(text.Span);
                hash.Add(entry.ExpiresAt ?? -1);
            }
        }

        return hash.Value;
    }

    /// <summary>The value in canonical form: members sorted, scores exact, a stream with its groups.</summary>
    public static string Describe(RedisValue value) =>
        value switch
        {
            StringValue text => $"string {text.Text}",
            ListValue list => $"list {string.Join(' ', list.Items)}",
            SetValue set => $"set {string.Join(' ', set.Members.Names.Order())}",
            HashValue hash =>
                $"hash {string.Join(' ', hash.Fields.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key}={pair.Value}"))}",
            SortedSetValue scores =>
                $"zset {string.Join(' ', scores.Members.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key}={BitConverter.DoubleToInt64Bits(pair.Value):x}"))}",
            StreamValue stream => DescribeStream(stream),
            _ => throw new InvalidOperationException(value.TypeName),
        };

    private static string DescribeStream(StreamValue stream)
    {
        var entries = stream.Entries.Select(static entry => $"{entry.Key}={string.Join(',', entry.Value)}");
        var groups = stream.Groups.Select(static group =>
            $"{group.Key}@{group.Value.LastDelivered} [{string.Join(',', group.Value.Consumers.Keys)}] "
            + $"({string.Join(' ', group.Value.Pending.Select(static item => $"{item.Key}:{item.Value.Consumer}x{item.Value.Deliveries}"))})"
        );
        return $"stream last {stream.LastId} added {stream.EntriesAdded}: {string.Join(' ', entries)} groups {string.Join(' ', groups)}";
    }

    private static string? Difference(SimServer source, SimServer target, KeyEntry? left, KeyEntry? right)
    {
        if (left is null || right is null)
        {
            var present = left ?? right;
            var server = left is null ? target : source;
            var rest = present!.ExpiresAt - server.Clock;
            return rest <= Imminent
                ? null
                : $"only on the {(left is null ? "target" : "source")}: {Describe(present.Value)}, expires in {rest?.ToString() ?? "-"} ms";
        }

        var (here, there) = (Describe(left.Value), Describe(right.Value));
        if (here != there)
        {
            return $"source {here} / target {there}";
        }

        var offset = Offset(source, target);
        var expected = left.ExpiresAt + (Math.Abs(offset) < Agreement ? 0 : offset);
        return
            (expected is null) == (right.ExpiresAt is null) && Math.Abs((expected ?? 0) - (right.ExpiresAt ?? 0)) <= Slack(source, target)
            ? null
            : $"expires at {left.ExpiresAt} on the source, at {right.ExpiresAt} on the target, whose clock is ahead by {offset} ms";
    }

    private static long Offset(SimServer source, SimServer target) =>
        (long)(target.Options.ClockAhead - source.Options.ClockAhead).TotalMilliseconds;

    /// <summary>How far apart expiries may be, in milliseconds: servers before 7.0 tell only the time left, and clocks are measured over the network.</summary>
    private static long Slack(SimServer source, SimServer target)
    {
        var offset = Math.Abs(Offset(source, target));
        return offset >= Agreement || source.Options.Missing.Contains("pexpiretime") ? Tolerance : offset;
    }

    /// <summary>What of the source is moved, under the names that it has on the target.</summary>
    private static Dictionary<Blob, KeyEntry> Chosen(SimServer source, int database, SimChoice choice) =>
        Contents(source, database)
            .Where(pair => choice.Belongs(pair.Key, pair.Value))
            .ToDictionary(pair => choice.Called(pair.Key), static pair => pair.Value);

    private static Dictionary<Blob, KeyEntry> Contents(SimServer server, int database)
    {
        Blob reserved = "keyferry:{";
        return database >= server.Keyspace.Count
            ? []
            : server
                .Keyspace[database]
                .Keys.Where(pair => !(pair.Value.ExpiresAt <= server.Clock) && !pair.Key.Span.StartsWith(reserved.Span))
                .ToDictionary(static pair => pair.Key, static pair => pair.Value);
    }
}
