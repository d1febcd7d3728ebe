namespace Keyferry.Simulation.Server;

/// <summary>What a simulated server is started with; a restart goes back to it.</summary>
internal sealed record ServerOptions
{
    public string Version { get; init; } = "7.0.15";

    public int Databases { get; init; } = 16;

    public string? Password { get; init; }

    /// <summary>ACL users beside the default one. The first is who acts inside the simulation as a client.</summary>
    public IReadOnlyList<string> Users { get; init; } = [];

    /// <summary>Says whether a user may log in with a password at a time, in place of <see cref="Password"/>; <see langword="null"/> for that one.</summary>
    public Func<string, string, DateTimeOffset, bool>? LetsIn { get; init; }

    /// <summary>How long after its last login a client is cut off; <see langword="null"/> for never.</summary>
    public TimeSpan? LoginLife { get; init; }

    /// <summary>The flags in its configuration file.</summary>
    public string EventFlags { get; init; } = "";

    /// <summary>Bytes of payload above which writes are refused; 0 for no limit.</summary>
    public long MaxMemory { get; init; }

    /// <summary>Above the limit throw out keys instead of refusing.</summary>
    public bool Eviction { get; init; }

    public string OutputBufferLimits { get; init; } = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60";

    /// <summary>The two bytes at the end of DUMP payloads.</summary>
    public int PayloadVersion { get; init; } = 10;

    /// <summary>Equal values give equal payloads; otherwise the order of members depends on the server, as in reality.</summary>
    public bool CanonicalPayloads { get; init; } = true;

    /// <summary>INFO tells how often each command ran; some services leave that out.</summary>
    public bool CountsCommands { get; init; } = true;

    /// <summary>By how much its clock is ahead of the simulation's.</summary>
    public TimeSpan ClockAhead { get; init; }

    /// <summary>Commands (<c>config|set</c>, <c>client|tracking</c>, <c>eval</c>, ...) that answer NOPERM.</summary>
    public IReadOnlySet<string> Denied { get; init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>Commands that it does not have (renamed away, older version); <c>client|no-touch</c> came with 7.2.</summary>
    public IReadOnlySet<string> Missing { get; init; } = new HashSet<string>(StringComparer.Ordinal) { "client|no-touch" };
}

/// <summary>What INFO stats counts.</summary>
internal sealed class ServerStatistics
{
    public long Commands { get; set; }

    /// <summary>Commands that write; keys that expire are not counted, as on a real server.</summary>
    public long Changes { get; set; }

    public long Connections { get; set; }

    public long Expired { get; set; }

    /// <summary>Child processes that were begun (BGSAVE).</summary>
    public long Forks { get; set; }

    /// <summary>Until when, by the server's clock, the last of them works; while it does, uses of keys are not noted.</summary>
    public long ChildUntil { get; set; }

    public long Evicted { get; set; }
}
