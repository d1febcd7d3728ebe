namespace Keyferry.Integration.Servers;

/// <summary>The servers that tests run against. Each but the machine's own comes from the cache that <c>tools/fetch-server</c> fills.</summary>
public enum ServerKind
{
    /// <summary>The redis-server of this machine, found on PATH.</summary>
    Machine,

    /// <summary>Redis 6.0, the oldest of the matrix.</summary>
    Redis60,

    /// <summary>Redis 7.0; tested where the machine's own is another.</summary>
    Redis70,

    /// <summary>Redis 8.0.</summary>
    Redis80,

    /// <summary>Redis 8.6 or what has followed it in the suite it comes from; tested where it could be fetched.</summary>
    Redis86,

    /// <summary>Valkey 8.1.</summary>
    Valkey81,

    /// <summary>Valkey 8.0; tested where it could be fetched.</summary>
    Valkey80,

    /// <summary>Redict 7.3, which has gone its own way from Redis 7.2; tested where it could be fetched.</summary>
    Redict73,

    /// <summary>Valkey 9.1 or what has followed it in the suite it comes from; tested where it could be fetched.</summary>
    Valkey91,
}
