using Keyferry.Capture;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>What may go wrong in a simulation.</summary>
internal enum FaultKind
{
    /// <summary>A link breaks; commands under way may still be executed without being answered.</summary>
    Cut,

    /// <summary>A link breaks in the middle of a reply.</summary>
    Truncate,

    /// <summary>A link is half-open for a while; writes on it may arrive after it was dropped.</summary>
    Stall,

    /// <summary>A link is half-open for ever.</summary>
    StallForEver,

    /// <summary>All links of one server are slow for a while.</summary>
    Slow,

    /// <summary>One server refuses new connections for a while.</summary>
    Refuse,

    /// <summary>One server does not answer new connections for a while.</summary>
    Ignore,

    /// <summary>The source restarts with its data, and without its notification flags.</summary>
    RestartSource,

    /// <summary>The target restarts with its data.</summary>
    RestartTarget,

    /// <summary>The target restarts empty.</summary>
    EmptyTarget,

    /// <summary>Somebody switches the source's notification flags off.</summary>
    FlagsOff,

    /// <summary>Somebody switches the source's notification flags off, and on again after a while that may be short.</summary>
    FlagsOffAndOn,

    /// <summary>Somebody switches the source's notification flags off, and on again after half a minute, or never.</summary>
    FlagsOffForLong,

    /// <summary>Somebody kills all subscribers of the source.</summary>
    KillSubscribers,

    /// <summary>The target refuses writes for a while: out of memory.</summary>
    OutOfMemory,

    /// <summary>The target refuses writes for a while: it has become a replica.</summary>
    ReadOnly,

    /// <summary>Messages come twice for a while.</summary>
    DoubleMessages,

    /// <summary>The source dies, and a replica takes its place that has not heard of its last writes: other ids, its own flags.</summary>
    Failover,

    /// <summary>Somebody pauses a server for a long time (CLIENT PAUSE).</summary>
    Pause,

    /// <summary>Somebody lifts a fence: ends a pause, or gives the application its rights back.</summary>
    LiftFence,

    /// <summary>The source saves its data for a while, in a child process, and notes no use of keys meanwhile.</summary>
    Save,

    /// <summary>Some of the application's clients ask that their uses be not noted (CLIENT NO-TOUCH), and after a while do not any more.</summary>
    HideUses,
}

/// <summary>What a simulation is made of; what is left open the seed decides.</summary>
internal sealed record SimProfile
{
    /// <summary>For messages and for the replay command.</summary>
    public required string Name { get; init; }

    /// <summary>Keys on the source at the start.</summary>
    public int Keys { get; init; } = 60;

    /// <summary>Writes while the engine runs.</summary>
    public int Writes { get; init; } = 200;

    /// <summary>For how long the application writes and faults happen.</summary>
    public TimeSpan Busy { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Databases in use.</summary>
    public IReadOnlyList<int> Databases { get; init; } = [0, 1, 5];

    /// <summary>Whether the application flushes and swaps databases.</summary>
    public bool Flushes { get; init; }

    /// <summary>Whether the application uses streams with consumer groups.</summary>
    public bool Streams { get; init; }

    /// <summary>How many faults, at most.</summary>
    public int Faults { get; init; }

    /// <summary>Which.</summary>
    public IReadOnlyList<FaultKind> Kinds { get; init; } = [];

    /// <summary>The run is given limits on what it may take from the source, and a latency budget; the seed decides which.</summary>
    public bool IsPaced { get; init; }

    /// <summary>How often the program's process is killed, at most; another one goes on with the run.</summary>
    public int Crashes { get; init; }

    /// <summary>How often each process is held still for a while, at most.</summary>
    public int Freezes { get; init; }

    /// <summary>What is moved, one of which the seed takes.</summary>
    public IReadOnlyList<MigrationMode> Modes { get; init; } = [MigrationMode.Live];

    /// <summary>What becomes of keys that the target has, one of which the seed takes.</summary>
    public IReadOnlyList<TargetKeys> TargetKeys { get; init; } = [Migration.TargetKeys.Refuse];

    /// <summary>Keys that the target has of its own at the start.</summary>
    public int TargetHas { get; init; }

    /// <summary>The target begins with everything that the source has, as after a restored backup.</summary>
    public bool TargetIsCopy { get; init; }

    /// <summary>What part of the source is moved.</summary>
    public SimChoice Choice { get; init; } = SimChoice.Everything;

    /// <summary>Memory for dirty keys that the engine is given; little of it makes precision drop.</summary>
    public long DirtyBudget { get; init; } = 64L << 20;

    /// <summary>Ways to capture, one of which the seed takes.</summary>
    public IReadOnlyList<CaptureKind> Captures { get; init; } = [CaptureKind.Auto];

    /// <summary>The seed decides over clocks, versions, rights and payload forms.</summary>
    public bool Varies { get; init; }

    /// <summary>Every loss in this profile can be noticed when it happens, so that nothing is left for the proof at the end to find.</summary>
    public bool NoticesEverything { get; init; }

    /// <summary>What keeps the application from writing during a cutover, one of which the seed takes.</summary>
    public IReadOnlyList<FenceKind> Fences { get; init; } = [];

    /// <summary>How often something goes wrong at the beginning or the end of a step of a cutover.</summary>
    public double FaultsAtSteps { get; init; }

    /// <summary>How often somebody who has no business there writes to the side that is to receive the application, at the beginning or the end of a step of a cutover
    /// before the proof.</summary>
    public double StraysAtSteps { get; init; }

    /// <summary>Clients of the application that are connected over the network.</summary>
    public int Clients { get; init; }

    /// <summary>Nothing in this profile excuses any other claim than <see cref="Claim.Equal"/>.</summary>
    public bool MustBeEqual { get; init; }

    public ServerOptions Source { get; init; } = new();

    public ServerOptions Target { get; init; } = new();

    public NetworkProfile Network { get; init; } = new();

    /// <summary>Seeds from this one on make small worlds of the same kind: fewer keys and writes in a shorter time, so that many more schedules can be tried.</summary>
    public const ulong SmallWorlds = 1_000_000;

    /// <summary>The profile with what the seed decides.</summary>
    public SimProfile For(ulong seed)
    {
        var dice = Dice.Fork(seed, "profile");
        var varied = Varies
            ? this with
            {
                Source = Vary(Source, dice, isSource: true),
                Target = Vary(Target, dice, isSource: false),
            }
            : this;
        return seed < SmallWorlds
            ? varied
            : varied with
            {
                Keys = Math.Min(Keys, 8),
                Writes = Math.Min(Writes, 20),
                TargetHas = Math.Min(TargetHas, 8),
                Busy = TimeSpan.FromTicks(Math.Min(Busy.Ticks, TimeSpan.FromSeconds(3).Ticks)),
            };
    }

    private static ServerOptions Vary(ServerOptions options, Dice dice, bool isSource)
    {
        var (version, payload) = isSource ? dice.Pick(("6.2.14", 9), ("7.0.15", 10), ("7.2.4", 11)) : ("7.2.4", 11);
        var missing = new HashSet<string>(StringComparer.Ordinal);
        missing.UnionWith(
            version[0] == '6' ? ["pexpiretime", "expiretime", "eval_ro", "evalsha_ro", "client|no-evict", "client|no-touch"] : []
        );
        missing.UnionWith(version == "7.0.15" ? ["client|no-touch"] : []);
        var denied = new HashSet<string>(StringComparer.Ordinal);
        denied.UnionWith(dice.Chance(0.3) ? ["eval", "eval_ro"] : []);
        denied.UnionWith(isSource && dice.Chance(0.2) ? ["config|set"] : []);
        return options with
        {
            Version = version,
            PayloadVersion = payload,
            CanonicalPayloads = dice.Chance(0.5),
            ClockAhead = TimeSpan.FromMilliseconds(dice.Pick(0, 0, dice.Between(-40, 40), dice.Between(-4_000_000, 4_000_000))),
            Missing = missing,
            Denied = denied,
            // Who may not set the flags finds them set or not.
            EventFlags = denied.Contains("config|set") ? dice.Pick("AKE", "KA", "") : dice.Pick("", "AE", "Kx"),
        };
    }
}
