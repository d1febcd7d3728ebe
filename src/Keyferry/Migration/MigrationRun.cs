using System.Globalization;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;
using Keyferry.Throttle;

namespace Keyferry.Migration;

/// <summary>One migration, from its plan to its report.</summary>
/// <remarks>
/// <para><b>Promises.</b> Nothing is copied before the capture is proved to listen. Whatever is changed on the source is written to the store before, and undone on every
/// way out. The report says <see cref="Verdict.Equal"/> only after both sides were compared in both directions while no gap was open.</para>
/// <para><b>Concurrency.</b> One run, once. <see cref="Progress"/> may be read by anybody at any time.</para>
/// </remarks>
internal sealed class MigrationRun
{
    private readonly ResumePoint? _resume;
    private readonly MigrationOptions _options;
    private readonly IRunStore _store;
    private readonly IRunObserver _observer;
    private readonly TimeProvider _time;
    private readonly ServerConnector _source;
    private readonly ServerConnector _target;
    private readonly string _name;
    private readonly long _began;
    private readonly IHookRunner _hooks;
    private readonly Func<Endpoint, string, string, ServerConnector> _connect;
    private readonly TimeSpan? _window;
    private RunCourse? _course;

    /// <param name="options">What the user asked for.</param>
    /// <param name="dialer">The network, or the simulation's.</param>
    /// <param name="store">Where the run's state is kept.</param>
    /// <param name="observer">Who is told what happens.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="control">What may be asked of the run while it goes on; <see langword="null"/> for one of its own.</param>
    /// <param name="hooks">Runs the operator's programs; <see langword="null"/> where there can be none.</param>
    /// <exception cref="KeyferryException">It is to be resumed, and there is no such run.</exception>
    public MigrationRun(
        MigrationOptions options,
        IDialer dialer,
        IRunStore store,
        IRunObserver observer,
        TimeProvider time,
        RunControl? control = null,
        IHookRunner? hooks = null
    )
    {
        _hooks = hooks ?? new NoHooks();
        Control = control ?? new RunControl();
        _resume = options.Resume ? ResumePoint.Find(store, options) : null;
        _options = _resume?.Keep(options) ?? options;
        if (_resume is { IsWayBack: true } && _options.Cutover is { } rollback)
        {
            // Of a way back there is none; the time is the one for which it stays open.
            _window = rollback.ReverseWindow;
            _options = _options with { Cutover = rollback with { ReverseWindow = null } };
        }

        Control.IsBack = _resume is { IsWayBack: true };
        Control.Pace.Limits = new PaceLimits
        {
            KeysPerSecond = options.KeysPerSecond,
            BytesPerSecond = options.BytesPerSecond,
            Latency = options.SourceLatencyBudget,
        };
        _store = store;
        _observer = observer;
        _time = time;
        _began = time.GetTimestamp();
        _name = _resume?.Run.Start.Name ?? time.GetUtcNow().ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture);
        var settings = new ConnectionSettings { RunName = _name, CommandTimeout = options.CommandTimeout };
        _connect = (endpoint, role, name) => new ServerConnector(dialer, endpoint, role, settings with { RunName = name }, time);
        _source = _connect(options.Source, "source", _name);
        _target = _connect(options.Target, "target", _name);
    }

    /// <summary>What may be asked of the run while it goes on.</summary>
    public RunControl Control { get; }

    /// <summary>The counters of this moment.</summary>
    public ProgressSnapshot Progress =>
        Volatile.Read(ref _course)?.Progress ?? new ProgressSnapshot { Phase = Phase.Planned, Elapsed = _time.GetElapsedTime(_began) };

    /// <summary>Examines both servers and says what a run would do; changes nothing.</summary>
    /// <exception cref="KeyferryException">A server cannot be reached.</exception>
    public async Task<MigrationPlan> PlanAsync(CancellationToken stop)
    {
        try
        {
            var plan = await new Planner(_options, _source, _target, _time).ExamineAsync(stop);
            if (_options.Cutover is not null && plan.Refusals.Count == 0)
            {
                plan = await HearingCheck.JudgeAsync(plan, _options, _source, stop);
            }

            return _options.Cutover is { } cutover && plan.Refusals.Count == 0
                ? await FenceCheck.JudgeAsync(plan, cutover, _source, _target, _time, stop)
                : plan;
        }
        catch (Exception lost) when (lost is IOException or ServerErrorException)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"A server was lost while it was examined: {lost.Message}.",
                "Nothing was changed. Try again once both servers answer.",
                lost
            );
        }
    }

    /// <summary>Runs the migration.</summary>
    /// <param name="finish">Ends it cleanly: drain, prove, report.</param>
    /// <param name="abort">Ends it at once, still giving back what was changed on the source.</param>
    /// <exception cref="KeyferryException">The run was refused, or could not go on.</exception>
    public async Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort)
    {
        ResumePoint.RefuseWhileNobodyKnows(_store);
        if (_resume is { } earlier)
        {
            // Whatever stands against going on now: the clients of the source must not wait for it.
            await UndoOldAsync(new RunJournal(earlier.Run.Id, _store, _observer, _time), abort);
        }

        var plan = await PlanAsync(abort);
        plan.ThrowIfRefused();
        var run = _resume?.Run.Id ?? BeginRun();
        var journal = new RunJournal(run, _store, _observer, _time);
        await UndoOldAsync(journal, abort);
        foreach (var warning in plan.Warnings)
        {
            journal.Note(NoteLevel.Warning, warning);
        }

        TellIfWayBack(journal);
        var course = new RunCourse(
            new RunContext
            {
                Options = _options,
                Plan = plan,
                Name = _name,
                Source = _source,
                Target = _target,
                Journal = journal,
                Control = Control,
                Hooks = _hooks,
                Direction = Control.IsBack ? "back" : "forward",
                PlanWayBack = Control.IsBack
                    ? null
                    : (forward, stop) => WayBack.PlanAsync(forward, _connect, new BackObserver(_observer), stop, abort),
                Began = _began,
                Time = _time,
            },
            _resume
        );
        Volatile.Write(ref _course, course);
        try
        {
            using var window = _window is { } open ? new CancellationTokenSource(open, _time) : new CancellationTokenSource();
            await using var strays = Control.IsBack ? new OldSideWatch(_target, journal, () => Control, hasBack: true, _time) : null;
            using var closed = CancellationTokenSource.CreateLinkedTokenSource(finish, window.Token);
            return (await course.RunAsync(closed.Token, abort)) with { NotMoved = plan.NotMoved };
        }
        catch (Exception lost) when (lost is IOException or ServerErrorException)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"A server was lost at a moment that the run cannot bridge: {lost.Message}.",
                "Nothing was lost on the source. Start again once both servers answer.",
                lost
            );
        }
    }

    private void TellIfWayBack(RunJournal journal)
    {
        if (!Control.IsBack)
        {
            return;
        }

        journal.Note(
            NoteLevel.Information,
            $"This run is the way back of an earlier cutover: the clients are on {_source.Endpoint}, and what changes there is moved back to {_target.Endpoint}."
        );
        journal.Note(
            _options.Cutover is null ? NoteLevel.Warning : NoteLevel.Information,
            _options.Cutover is null
                ? "keyferry rollback will not bring the clients back: for that, start with --resume --cutover manual, and --fence and --switch-hook as they fit."
                : $"keyferry rollback brings the clients back, keyferry finish closes the way back{(_window is { } open ? $", and it closes by itself in {open}" : "")}."
        );
    }

    private long BeginRun() =>
        _store.BeginRun(
            new RunStart
            {
                Name = _name,
                Source = ResumePoint.NameOf(_options.Source),
                Target = ResumePoint.NameOf(_options.Target),
                Mode = _options.Mode switch
                {
                    MigrationMode.Snapshot => "snapshot",
                    MigrationMode.LiveOnly => "live-only",
                    _ => "live",
                },
                Options = ResumePoint.OptionsOf(_options),
            }
        );

    /// <summary>A process that was killed may have left clients without the right to write; and where it was killed right after a switch, the flags of the old side as well.</summary>
    private async Task UndoOldAsync(RunJournal journal, CancellationToken stop)
    {
        await UndoOldAsync(_options.Source, "source", static lease => lease.Kind == LeaseKind.Fence, journal, stop);
        if (Control.IsBack)
        {
            // Of the run before the switch, whose source is the target now.
            await UndoOldAsync(
                _options.Target,
                "target",
                static lease => lease is { Kind: LeaseKind.Fence } or { Kind: LeaseKind.NotificationFlags, Run: not null },
                journal,
                stop
            );
        }
    }

    private async Task UndoOldAsync(Endpoint side, string role, Func<LeaseRecord, bool> which, RunJournal journal, CancellationToken stop)
    {
        // Of a cluster, each primary was changed by itself; the run says which cluster they belonged to.
        var sources = _store.Runs().ToDictionary(static run => run.Id, static run => run.Start.Source);
        var name = ResumePoint.NameOf(side);
        ServerConnector ConnectTo(LeaseRecord lease) =>
            _connect(side with { Host = lease.Host, Port = lease.Port, Sentinel = null }, role, _name);
        foreach (
            var undone in await new LeaseRestorer(_store, ConnectTo, new FenceRestorer(_store, ConnectTo, _hooks).UndoAsync).RestoreAsync(
                lease => which(lease) && (lease.IsOn(side) || (lease.Run is { } run && sources.GetValueOrDefault(run) == name)),
                stop
            )
        )
        {
            journal.Note(NoteLevel.Warning, undone.Words);
        }
    }
}
