namespace Keyferry.Integration.Servers;

/// <summary>The servers and pairs of servers that theories run over.</summary>
public static class ServerMatrix
{
    /// <summary>Every server: the required ones always, Valkey 9.1 where it could be fetched.</summary>
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

    private static IEnumerable<ServerKind> Kinds =>
        Enum.GetValues<ServerKind>().Where(static kind => kind != ServerKind.Valkey91 || ServerBinary.Exists(kind));
}
