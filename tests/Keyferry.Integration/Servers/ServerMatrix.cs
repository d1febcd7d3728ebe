namespace Keyferry.Integration.Servers;

/// <summary>The servers and pairs of servers that theories run over.</summary>
public static class ServerMatrix
{
    /// <summary>Every server: the required ones always, those of suites that move where they could be fetched.</summary>
    public static TheoryData<ServerKind> All => [.. Kinds];

    /// <summary>Required servers that differ most: the oldest, the machine's own, the newest Redis, the newest settled Valkey.</summary>
    public static TheoryData<ServerKind> Required => [ServerKind.Redis60, ServerKind.Machine, ServerKind.Redis80, ServerKind.Valkey81];

    /// <summary>Each server as source with a target of its own kind or a newer one, and one pair across the fork both ways that payloads allow.</summary>
    public static TheoryData<ServerKind, ServerKind> Pairs
    {
        get
        {
            var pairs = new TheoryData<ServerKind, ServerKind>
            {
                { ServerKind.Redis60, ServerKind.Redis60 },
                { ServerKind.Redis60, ServerKind.Machine },
                { ServerKind.Redis60, ServerKind.Redis80 },
                { ServerKind.Redis60, ServerKind.Valkey81 },
                { ServerKind.Machine, ServerKind.Machine },
                { ServerKind.Machine, ServerKind.Redis80 },
                { ServerKind.Machine, ServerKind.Valkey81 },
                { ServerKind.Redis80, ServerKind.Redis80 },
                { ServerKind.Valkey81, ServerKind.Valkey81 },
                { ServerKind.Valkey81, ServerKind.Redis80 },
            };
            if (ServerBinary.Exists(ServerKind.Valkey91))
            {
                pairs.Add(ServerKind.Valkey81, ServerKind.Valkey91);
                pairs.Add(ServerKind.Valkey91, ServerKind.Valkey91);
            }

            return pairs;
        }
    }

    /// <summary>Every server as source with every server as target, downgrades and the other family included. Each has its source as a trait, so that a part can be run.</summary>
    public static TheoryData<ServerKind, ServerKind> OrderedPairs => Ordered([.. Kinds]);

    /// <summary>The same of the servers that differ most: the oldest, the machine's own, the newest Redis, the newest Valkey, of those that are settled or could be fetched.</summary>
    public static TheoryData<ServerKind, ServerKind> ExtremePairs =>
        Ordered([ServerKind.Redis60, ServerKind.Machine, NewestRedis, NewestValkey]);

    /// <summary>The newest Redis that is here.</summary>
    public static ServerKind NewestRedis => Newest(ServerKind.Redis86, ServerKind.Redis80);

    /// <summary>The newest Valkey that is here.</summary>
    public static ServerKind NewestValkey => Newest(ServerKind.Valkey91, ServerKind.Valkey81);

    /// <summary>Whether the server comes from a suite that moves, so that it is not there for certain.</summary>
    private static bool Moves(ServerKind kind) =>
        kind is ServerKind.Valkey80 or ServerKind.Valkey91 or ServerKind.Redis86 or ServerKind.Redict73;

    private static ServerKind Newest(ServerKind moving, ServerKind settled) => ServerBinary.Exists(moving) ? moving : settled;

    private static TheoryData<ServerKind, ServerKind> Ordered(ServerKind[] kinds)
    {
        var pairs = new TheoryData<ServerKind, ServerKind>();
        foreach (var (source, target) in kinds.SelectMany(source => kinds.Select(target => (source, target))))
        {
            pairs.Add(new TheoryDataRow<ServerKind, ServerKind>(source, target) { Traits = { ["Source"] = [source.ToString()] } });
        }

        return pairs;
    }

    private static IEnumerable<ServerKind> Kinds =>
        Enum.GetValues<ServerKind>()
            .Where(static kind => kind == ServerKind.Redis70 ? !MachineIs70() : !Moves(kind) || ServerBinary.Exists(kind));

    private static bool MachineIs70() => ServerBinary.Find(ServerKind.Machine).Version is { Major: 7, Minor: 0 };
}
