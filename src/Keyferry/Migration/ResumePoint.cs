using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Snapshot;
using Keyferry.State;

namespace Keyferry.Migration;

/// <summary>Where an earlier process has left a run.</summary>
/// <param name="Run">The run, as the store knows it.</param>
/// <param name="Position">How far the copy of a shard had come for certain, or <see langword="null"/>.</param>
internal sealed record ResumePoint(RunRecord Run, Func<string, SnapshotPosition?> Position)
{
    /// <summary>What the store calls the mode of a way back.</summary>
    public const string WayBackMode = "reverse";

    /// <summary>Whether the run is the way back of an earlier one: its source has the clients, who may be brought back to its target.</summary>
    public bool IsWayBack => Run.Start.Mode == WayBackMode;

    /// <summary>The latest run of the store, if it can be gone on with.</summary>
    /// <exception cref="KeyferryException">There is none, it has come to its end, or it was between other servers.</exception>
    public static ResumePoint Find(IRunStore store, MigrationOptions options)
    {
        if (Latest(store) is not { } latest)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"There is no run to resume in {options.WorkDirectory}.",
                "Name the work directory of the run with --work-dir, or start without --resume."
            );
        }

        RefuseWhileNobodyKnows(store);
        RefuseEnded(store, latest, options.WorkDirectory);
        if (latest.Start.Source != NameOf(options.Source) || latest.Start.Target != NameOf(options.Target))
        {
            if (latest.Start.Mode == WayBackMode)
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"In the run to resume the clients were switched to {latest.Start.Source}; what can be gone on with is the way back from there to {latest.Start.Target}.",
                    $"keyferry migrate redis://{latest.Start.Source} redis://{latest.Start.Target} --resume --cutover manual, with the other options as before; then keyferry rollback or keyferry finish."
                );
            }

            throw new KeyferryException(
                FailureKind.Usage,
                $"The run to resume went from {latest.Start.Source} to {latest.Start.Target}, not from {NameOf(options.Source)} to {NameOf(options.Target)}.",
                "Name the same servers and databases, or start without --resume."
            );
        }

        return new ResumePoint(
            latest,
            shard =>
                store.LoadScan(latest.Id, shard) is { } scan
                    ? new SnapshotPosition(scan.ServerRunId, scan.Database, scan.Cursor, scan.Keys, scan.Done)
                    : null
        );
    }

    /// <summary>Refuses to go on, or to begin anew, after a run that ended while the clients were being switched: whatever is written then may be written over what
    /// they wrote.</summary>
    /// <exception cref="KeyferryException">A person has to say first where the clients are.</exception>
    public static void RefuseWhileNobodyKnows(IRunStore store)
    {
        if (Latest(store) is { Phase: Phase.Switching or Phase.OwnershipUnknown } latest)
        {
            throw new KeyferryException(
                FailureKind.OwnershipUnknown,
                $"The run {latest.Start.Name} ended while the clients were being switched: nobody knows which side they write to.",
                "Find out where the clients write, then: keyferry resolve --switched, or keyferry resolve --not-switched."
            );
        }
    }

    /// <summary>The run that an operator means: the latest. A way back that never had the clients on its side is none; one that had is.</summary>
    public static RunRecord? Latest(IRunStore store)
    {
        var runs = store.Runs();
        return runs.FirstOrDefault(run => run.Start.Mode != WayBackMode || HadClients(store, runs, run));
    }

    /// <summary>The way back that a run opened last, or <see langword="null"/> where it never came so far.</summary>
    public static RunRecord? WayBackOf(IRunStore store, RunRecord there) =>
        store.Runs().FirstOrDefault(run => run.Id > there.Id && IsWayBackOf(run, there));

    /// <summary>Whether the clients came to the source of a way back: it has followed them; or its process ended before it could, and the switch is known to have happened.</summary>
    private static bool HadClients(IRunStore store, IReadOnlyList<RunRecord> runs, RunRecord back) =>
        store.Phases(back.Id).Any(static entered => entered.Phase == Phase.Following)
        || runs.FirstOrDefault(run => run.Id < back.Id && IsWayBackOf(back, run)) is { Phase: Phase.Reversible };

    private static bool IsWayBackOf(RunRecord back, RunRecord there) =>
        back.Start.Mode == WayBackMode && back.Start.Name == NameOfWayBack(there.Start.Name);

    /// <summary>The name of a run's way back.</summary>
    public static string NameOfWayBack(string there) => $"{there}-back";

    private static void RefuseEnded(IRunStore store, RunRecord latest, string folder)
    {
        if (latest.Phase == Phase.Completed && OwnerOf(store, latest) is (var owner, var other))
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The latest run in {folder}, {latest.Start.Name}, has come to its end with the clients on {owner}; there is nothing to resume.",
                $"Look where the clients write before you start anything anew: a run from {other} to {owner} would write over what they have written since."
            );
        }

        if (latest.Phase == Phase.Completed)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The latest run in {folder}, {latest.Start.Name}, has come to its end; there is nothing to resume.",
                "Start without --resume (with --target-keys replace or merge, since the target has keys now)."
            );
        }
    }

    /// <summary>On which side a run that has come to its end has left the clients, and which is the other; <see langword="null"/> where that was none of its affair.</summary>
    private static (string Owner, string Other)? OwnerOf(IRunStore store, RunRecord ended) =>
        store.Phases(ended.Id) is [.., { Phase: Phase.Switching or Phase.OwnershipUnknown or Phase.Reversible }, _]
            ? (ended.Start.Target, ended.Start.Source)
        : ended.Start.Mode == WayBackMode ? (ended.Start.Source, ended.Start.Target)
        : null;

    /// <summary>How the store names a side of a run: <c>host:port</c>, and <c>/database</c> where the run is restricted to one. A run that is gone on with must not
    /// reach further than it did: what it may delete on the target was decided for these databases.</summary>
    public static string NameOf(Endpoint endpoint) => endpoint.Database is { } database ? $"{endpoint}/{database}" : endpoint.ToString();

    /// <summary>What the store keeps of the options: what becomes of the target's keys, and which keys are moved.</summary>
    public static string OptionsOf(MigrationOptions options) =>
        Planner.ScopeOf(options).Text is { Length: > 0 } scope ? $"{options.TargetKeys} {scope}" : options.TargetKeys.ToString();

    /// <summary>Records how far the copy of a shard has come for certain.</summary>
    public static void Save(IRunStore store, long run, string shard, SnapshotPosition position) =>
        store.SaveScan(
            new ScanPosition
            {
                Run = run,
                Shard = shard,
                Database = position.Database,
                Cursor = position.Cursor,
                Keys = position.Scanned,
                ServerRunId = position.RunId,
                Done = position.Done,
            }
        );

    /// <summary>The options of the first start that a resumed run must keep.</summary>
    /// <exception cref="KeyferryException">Others are asked for now.</exception>
    public MigrationOptions Keep(MigrationOptions options)
    {
        var mode = Run.Start.Mode switch
        {
            "snapshot" => MigrationMode.Snapshot,
            "live-only" => MigrationMode.LiveOnly,
            _ => MigrationMode.Live,
        };
        var words = Run.Start.Options.Split(' ', 2);
        var keys = Enum.TryParse<TargetKeys>(words[0], ignoreCase: true, out var kept) ? kept : TargetKeys.Merge;
        var defaults = new MigrationOptions { Source = options.Source, Target = options.Target };
        if (options.Mode != defaults.Mode && options.Mode != mode)
        {
            throw Contradicts("--mode", $"has the mode {Run.Start.Mode}");
        }

        if (options.TargetKeys != defaults.TargetKeys && options.TargetKeys != keys)
        {
            throw Contradicts(
                "--target-keys",
                keys == defaults.TargetKeys
                    ? "began with an empty target"
                    : $"began with --target-keys {keys.ToString().ToLowerInvariant()}"
            );
        }

        // A way back is gone on with by the rules of the run, which it reads the other way round.
        options = IsWayBack ? options.Turned() : options;
        if (IsWayBack && options.Cutover?.When == CutoverWhen.WhenReady)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The run to resume, {Run.Start.Name}, is a way back: with --cutover when-ready it would bring the clients back from {Run.Start.Source} by itself.",
                "Use --cutover manual, and keyferry rollback when they are to come back."
            );
        }

        var scope = words.Length > 1 ? words[1] : "";
        if (scope != Planner.ScopeOf(options).Text)
        {
            throw Contradicts("The choice of keys", scope.Length == 0 ? "moves every key" : $"moves {scope}");
        }

        return options with
        {
            Mode = mode,
            TargetKeys = keys,
        };
    }

    private KeyferryException Contradicts(string option, string what) =>
        new(
            FailureKind.Usage,
            $"{option} asks for something else than the run to resume, {Run.Start.Name}, which {what}.",
            option.StartsWith('-')
                ? $"Leave {option} out: a resumed run keeps what it began with. Or start without --resume."
                : "Give the options that choose and name keys as at the start: what the run may remove from the target was decided for them. Or start without --resume.",
            null
        );
}
