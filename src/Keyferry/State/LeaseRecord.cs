using Keyferry.Model;

namespace Keyferry.State;

/// <summary>What was changed on a server for a while.</summary>
internal enum LeaseKind
{
    /// <summary><c>notify-keyspace-events</c>.</summary>
    NotificationFlags,

    /// <summary>Clients are kept from writing.</summary>
    Fence,

    /// <summary>The slow log of an old side lists every command, so that whoever still writes there is named.</summary>
    SlowLog,

    /// <summary><c>import-mode</c> of a target (Valkey 8.1 and newer).</summary>
    ImportMode,

    /// <summary>The parameter group of a managed cache. Its host is the cache's id, and its values are documents of those who know the service.</summary>
    ParameterGroup,

    /// <summary>A managed cache that was created, with what belongs to it. Its host is the cache's id; the value after is a document of those who know the service.</summary>
    Provision,
}

/// <summary>One setting of one server that Keyferry has changed, or was about to change, and what stood there before.</summary>
internal sealed record LeaseRecord
{
    /// <summary>Given by the store; 0 before.</summary>
    public long Id { get; init; }

    /// <summary>The run that took it, or <see langword="null"/> for one taken by hand, which outlives every run.</summary>
    public long? Run { get; init; }

    /// <summary>Which setting.</summary>
    public required LeaseKind Kind { get; init; }

    /// <summary>Host of the server.</summary>
    public required string Host { get; init; }

    /// <summary>Port of the server.</summary>
    public required int Port { get; init; }

    /// <summary>Whether it was reached with TLS.</summary>
    public bool Tls { get; init; }

    /// <summary>The value that stood there, exactly as the server said it.</summary>
    public required string Before { get; init; }

    /// <summary>The value that was, or was to be, set.</summary>
    public required string After { get; init; }

    /// <summary>When it was recorded; filled in by the store.</summary>
    public DateTimeOffset Taken { get; init; }

    /// <summary>When the setting was put back, or found to be none of ours any more; <see langword="null"/> while the lease is open.</summary>
    public DateTimeOffset? Undone { get; init; }

    /// <summary>How it ended, in words.</summary>
    public string Note { get; init; } = "";

    /// <summary>Whether the lease is on <paramref name="endpoint"/>.</summary>
    public bool IsOn(Endpoint endpoint) => Port == endpoint.Port && string.Equals(Host, endpoint.Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>The server without credentials, which are never stored.</summary>
    public Endpoint ToEndpoint() =>
        new()
        {
            Host = Host,
            Port = Port,
            Tls = Tls,
        };
}
