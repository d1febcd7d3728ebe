using System.Globalization;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>Whether <c>OBJECT IDLETIME</c> of a source proves that a key was not written since some moment: everything that would let a write go by without being
/// noted as a use is watched for, and one trace of it takes the proof away for the time before.</summary>
/// <remarks>
/// <para>Servers note no use while a child process works (BGSAVE, AOF rewrite, a replica's first copy), for clients that asked for CLIENT NO-TOUCH, and under an LFU policy;
/// RESTORE, SWAPDB and DEBUG give keys another past; modules may open keys without using them; the clock may be set. (Read in the sources of Redis and Valkey, and tried.)
/// All of that leaves a trace in INFO, its command counts or CLIENT LIST of Redis 7.0 and newer and of every Valkey.</para>
/// <para>A clock that is set and set back between two looks is not seen.</para>
/// <para>Not thread-safe: told by the watch over the source, look after look.</para>
/// </remarks>
/// <param name="time">The clock of the run.</param>
internal sealed class IdleEvidence(TimeProvider time)
{
    /// <summary>Calls after which idle times of keys mean something else than before, or may.</summary>
    private static readonly string[] Disturbing =
    [
        "restore",
        "restore-asking",
        "swapdb",
        "debug",
        "config|set",
        "module|load",
        "module|loadex",
    ];

    private static readonly string[] Children =
    [
        "rdb_bgsave_in_progress",
        "aof_rewrite_in_progress",
        "module_fork_in_progress",
        "slot_migration_fork_in_progress",
    ];

    /// <summary>Modules that use keys as commands do: the vector sets of Redis 8, and the scripting engine of Valkey 9, which has no keys of its own.</summary>
    private static readonly string[] HarmlessModules = ["vectorset", "lua"];

    private static readonly TimeSpan LongestAnswer = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromSeconds(1);

    private Baseline? _clean;
    private string _why = "the source has not been watched for long enough";

    /// <summary>Whether the next look must say which clients hide their uses.</summary>
    public bool WantsClients => _clean is null;

    /// <summary>Takes a look.</summary>
    public void Look(IdleLook look)
    {
        var trouble = TroubleOf(look);
        if ((trouble ?? (_clean is { } before ? ChangedSince(before, look) : null)) is { } why)
        {
            (_why, _clean) = (why, null);
        }

        if (_clean is not null || trouble is not null || look.HiddenClients is not { } hidden)
        {
            return;
        }

        if (hidden.Length > 0)
        {
            _why = hidden;
            return;
        }

        _clean = new Baseline(look, ClockOf(look));
    }

    /// <summary>From which second of the source's clock on a key that was not used since was not written since <paramref name="since"/>.</summary>
    /// <param name="since">A timestamp of the run's clock.</param>
    /// <param name="whyNot">Why nothing can be said, in a few words, where <see langword="null"/> is returned.</param>
    /// <returns>Seconds since 1970.</returns>
    public long? SecondOf(long since, out string whyNot)
    {
        whyNot = _why;
        if (_clean is not { } clean || since < clean.Look.Ended)
        {
            return null;
        }

        // The clock of idle times counts whole seconds, and may be a turn of the server's clockwork behind, one second at most.
        const int resolution = 3;
        var micros = Micros(since) + clean.Clock.Least - (long)ClockTolerance.TotalMicroseconds;
        return (micros / 1_000_000) - resolution;
    }

    /// <summary>What in this look alone takes the proof away, or <see langword="null"/>.</summary>
    private string? TroubleOf(IdleLook look)
    {
        var source = look.Source;
        if (source.RedisVersion < new Version(7, 0))
        {
            return "a server before 7.0 does not tell what it takes";
        }

        if (source.IsReplica || source.IsCluster)
        {
            return source.IsReplica ? "the source is a replica" : "the source is a cluster";
        }

        if (look.Calls is null || Number(source, "total_forks") is null || Number(source, "server_time_usec") is null)
        {
            return "the source does not tell what it takes (INFO stats, INFO commandstats)";
        }

        if (source.Fields.GetValueOrDefault("maxmemory_policy", "lfu").Contains("lfu", StringComparison.Ordinal))
        {
            return "its eviction policy counts uses (LFU) in place of idle times";
        }

        if (source.Modules.FirstOrDefault(static module => !HarmlessModules.Contains(module)) is { } module)
        {
            return $"the module {module} may write without using keys";
        }

        if (source.IsLoading || Children.Any(child => Number(source, child) is > 0))
        {
            return "a child process (BGSAVE, AOF rewrite) was at work";
        }

        return time.GetElapsedTime(look.Asked, look.Answered) > LongestAnswer ? "the source took too long to tell its time" : null;
    }

    /// <summary>What has happened between two looks that takes the proof away, or <see langword="null"/>.</summary>
    private string? ChangedSince(Baseline before, IdleLook look)
    {
        var (was, now) = (before.Look.Source, look.Source);
        if (was.RunId != now.RunId || was.ReplicationId != now.ReplicationId)
        {
            return "the source was restarted or failed over";
        }

        if (Number(was, "total_forks") != Number(now, "total_forks"))
        {
            return "a child process (BGSAVE, AOF rewrite) was at work";
        }

        var (earlier, later) = (before.Look.Calls ?? [], look.Calls ?? []);
        if (earlier.Any(count => later.GetValueOrDefault(count.Key) < count.Value))
        {
            return "the source's counts of commands were reset";
        }

        if (Disturbing.FirstOrDefault(command => Risen(earlier, later, command) > 0) is { } ran)
        {
            return $"{ran.Replace('|', ' ').ToUpperInvariant()} ran on the source";
        }

        if (Risen(earlier, later, "client|no-touch") > look.QuietBefore.AnsweredSince(before.Look.QuietAfter))
        {
            return "a client hid its uses (CLIENT NO-TOUCH)";
        }

        var clock = ClockOf(look);
        var tolerance = (long)ClockTolerance.TotalMicroseconds;
        return clock.Least > before.Clock.Most + tolerance || clock.Most < before.Clock.Least - tolerance
            ? "the source's clock was set"
            : null;
    }

    private static long Risen(Dictionary<string, long> before, Dictionary<string, long> now, string command) =>
        now.GetValueOrDefault(command) - before.GetValueOrDefault(command);

    /// <summary>By how many microseconds the source's clock is ahead of the run's timestamps: at least, and at most.</summary>
    private (long Least, long Most) ClockOf(IdleLook look)
    {
        var now = Number(look.Source, "server_time_usec") ?? 0;
        return (now - Micros(look.Answered), now - Micros(look.Asked));
    }

    private long Micros(long timestamp) => (long)(timestamp * (1_000_000.0 / time.TimestampFrequency));

    private static long? Number(ServerIdentity source, string field) =>
        long.TryParse(source.Fields.GetValueOrDefault(field), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>The look since which nothing has taken the proof away.</summary>
    private sealed record Baseline(IdleLook Look, (long Least, long Most) Clock);
}

/// <summary>What the source said of itself at one moment.</summary>
/// <param name="Source">INFO.</param>
/// <param name="Calls">How often it has run which command; <see langword="null"/> where that may not be read.</param>
internal sealed record IdleLook(ServerIdentity Source, Dictionary<string, long>? Calls)
{
    /// <summary>When INFO was asked for, by the run's clock.</summary>
    public required long Asked { get; init; }

    /// <summary>When INFO had come.</summary>
    public required long Answered { get; init; }

    /// <summary>When everything had come.</summary>
    public required long Ended { get; init; }

    /// <summary>How often this process had asked for NO-TOUCH before anything was asked.</summary>
    public required QuietReads.Count QuietBefore { get; init; }

    /// <summary>The same when everything had come.</summary>
    public required QuietReads.Count QuietAfter { get; init; }

    /// <summary>Why clients that are connected may hide their uses; empty where none does, <see langword="null"/> where that was not asked. Asked after the rest.</summary>
    public string? HiddenClients { get; init; }
}
