using Keyferry.Capture;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>The course of one run through its phases: arm, copy, follow, drain, prove; and the way out of each.</summary>
internal sealed class RunCourse
{
    private const int MostNamed = 10;

    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RestorePatience = TimeSpan.FromSeconds(15);

    private readonly MigrationOptions _options;
    private readonly MigrationPlan _plan;
    private readonly ResumePoint? _resume;
    private readonly string _name;
    private readonly ServerConnector _source;
    private readonly ServerConnector _target;
    private readonly RunJournal _journal;
    private readonly TimeProvider _time;
    private readonly PhaseClock _clock;
    private readonly MigrationEngine _engine;
    private readonly SourceListening _listening;
    private readonly TopologyWatch _sourceSlots;
    private readonly GapClosing _closing;
    private readonly List<string> _leases = [];
    private readonly RunProof _proof;
    private readonly RunControl _control;
    private readonly RunningComparison? _beside;
    private readonly CutoverCourse? _cutover;
    private readonly Handover? _handover;
    private (long Written, long Removed)? _cameApart;
    private readonly TaskCompletionSource _switched = new();

    public RunCourse(RunContext context, ResumePoint? resume, Handover? handover = null)
    {
        _handover = handover;
        _control = context.Control;
        _options = context.Options;
        _plan = context.Plan;
        _resume = resume;
        _name = context.Name;
        _source = context.Source;
        _target = context.Target;
        _journal = context.Journal;
        _time = context.Time;
        _clock = new PhaseClock(_journal.Entered, _time, context.Began);
        _engine = new MigrationEngine(_options, _plan, _source, _target, _control, _time) { Journal = _journal };
        _listening = new SourceListening(_options, _plan, _name, _source, _engine, _journal, _time);
        _closing = new GapClosing(_engine, _clock, _listening.DeafnessAsync, new Outage(_time, _options.OutageBudget));
        _sourceSlots = new TopologyWatch(_source, OnSourceSlotsAsync, _time);
        _engine.LookAtSource = LookAtSourceAsync;
        context.Deafness = _listening.DeafnessAsync;
        _proof = new RunProof(_engine, _source, _target, _journal, _listening.DeafnessAsync, _time);
        _beside = RunningComparison.IsWanted(_options, _plan.SourceIdentity) ? new RunningComparison(context, _engine) : null;
        _cutover =
            _options.Cutover is { } cutover && _beside is { } beside ? new CutoverCourse(context, cutover, _engine, beside, _clock) : null;
        _listening.IsFenced = () => _cutover is { IsUnderWay: true };
        _journal.TakeUp(_engine.Gaps);
        _engine.Gaps.Opened = _journal.Opened;
        _engine.Gaps.Changed = _journal.Changed;
        _engine.Gaps.Closed = _journal.Closed;
        _engine.Gaps.Opened += OnGap;
        _engine.Gaps.Closed += OnGap;
    }

    /// <summary>The counters of this moment.</summary>
    public ProgressSnapshot Progress
    {
        get
        {
            var verify = _proof.Progress;
            if (verify.SourceKeys == 0)
            {
                return _cutover?.Progress ?? _beside?.AddTo(_engine.Progress(_clock)) ?? _engine.Progress(_clock);
            }

            return _engine.Progress(_clock) with
            {
                Verified = verify.Compared + verify.LookedUp,
                VerifyTotal = verify.SourceKeys + verify.TargetKeys,
                VerifyCandidates = verify.Candidates,
            };
        }
    }

    /// <summary>Completes when the run has handed the clients over; never where it does not.</summary>
    public Task Switched => _switched.Task;

    /// <summary>Runs from the first phase to the report.</summary>
    /// <exception cref="KeyferryException">The run could not go on.</exception>
    public async Task<MigrationReport> RunAsync(CancellationToken finish, CancellationToken abort)
    {
        VerifyResult? verify = null;
        var verdict = Verdict.Aborted;
        List<string> reasons = [];
        try
        {
            await using var background = new BackgroundTasks(abort);
            (verify, reasons) = await background.GuardAsync(CourseAsync(background, finish));
            verdict = reasons.Count > 0 ? Verdict.NotProved : Verdict.Equal;
            verdict = verify?.DifferenceCount > 0 ? Verdict.Different : verdict;
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            reasons = ["the run was aborted by the operator"];
        }
        catch (OwnershipUnknownException unknown)
        {
            throw unknown.ToFailure();
        }
        catch (CopyUnfinishedException unfinished)
        {
            reasons = [unfinished.Message];
        }
        finally
        {
            await GiveBackAsync(verdict);
        }

        if (_cutover is { Done: { } done })
        {
            var after = new AfterSwitch(_source, _target, _journal, _clock, _control, _time);
            done = await after.RunAsync(done, _cutover.WayBack, _cutover.OldSide, _cutover.Options, finish, abort);
            _cutover.Ended(done);
            _journal.Ended(verdict);
        }

        return new MigrationReport
        {
            Verdict = verdict,
            Reasons = reasons,
            Premises = [.. _listening.Premises],
            RunName = _name,
            Source = _plan.Source,
            Target = _plan.Target,
            Selection = _plan.Transfer.Scope.Text,
            Progress = Progress,
            Verify = verify,
            Moved = _engine.Moved,
            LeftOut = _engine.LeftOut.ByReason(),
            FirstLeftOut = _engine.LeftOut.First(MostNamed),
            Phases = _clock.Spent(),
            Leases = _leases,
            Functions = _engine.Functions?.Words,
            SlowDowns = _engine.PaceWatch.SlowDowns,
            Cutover = _cutover?.Done,
            CameApart = _cameApart,
            PutRight = _beside?.Verifier?.PutRight ?? 0,
        };
    }

    private async Task<(VerifyResult? Verify, List<string> Reasons)> CourseAsync(BackgroundTasks background, CancellationToken finish)
    {
        var stop = background.Stop;
        // Whoever ends a paused run wants what waits to be moved.
        using var resume = finish.Register(() => _control.Resume());
        if (_options.Mode != MigrationMode.Snapshot)
        {
            _clock.Enter(Phase.Arming, "switching on what the capture needs");
            await _listening.ArmAsync(background, stop);
        }

        background.Add(_sourceSlots.RunAsync(stop));
        await TakeOverAsync(stop);
        await ResumeAsync(stop);
        await _engine.StartAsync(background, OnSuspect);
        if (_options.Mode != MigrationMode.LiveOnly && _handover is null)
        {
            _clock.Enter(Phase.Copying, _engine.CopyInWords);
            await CopyAsync(finish, stop);
        }

        if (_options.Mode != MigrationMode.Snapshot)
        {
            _clock.Enter(Phase.Following, "moving changes as they come");
            CompareBeside(background);
            await FollowAsync(finish, stop);
        }

        if (_beside is not null)
        {
            await _beside.EndAsync();
        }

        if (_cutover?.Done is { } switched)
        {
            return (HandedOver(switched), []);
        }

        _clock.Enter(Phase.Draining, "moving what still waits");
        await _closing.DrainAsync(stop);
        VerifyResult? verify = null;
        List<string> reasons = ["both sides were not compared (--no-verify)"];
        if (_options.Verify)
        {
            _clock.Enter(Phase.Proving, "comparing both sides");
            (verify, reasons) = await _proof.RunAsync(() => _closing.DrainAsync(stop), stop);
            verify = _beside?.AddTo(verify) ?? verify;
        }

        _clock.Enter(Phase.Completed, verify is null ? "not compared" : "compared");
        return (verify, reasons);
    }

    /// <returns>What is known to be equal since the clients were handed over.</returns>
    private VerifyResult HandedOver(CutoverRecord switched)
    {
        _switched.SetResult();
        if (_cutover?.WayBack is not null)
        {
            _clock.Enter(
                Phase.Reversible,
                "the clients are on the target; keyferry rollback brings them back, keyferry finish closes the way back"
            );
        }

        return switched.ToResult();
    }

    private async ValueTask LookAtSourceAsync(CancellationToken stop)
    {
        await _sourceSlots.LookAsync(stop);
        await _listening.LookNowAsync(stop);
    }

    private async ValueTask OnSourceSlotsAsync(SlotMap now, TopologyChange change, CancellationToken stop)
    {
        await _listening.FollowAsync(now, stop);
        change.NoteOn(_engine.Lanes, "source", bySlots: _engine.Capture is { Listens: true });
    }

    /// <summary>Where the run begins behind another one's fence, it waits for its turn.</summary>
    private async Task TakeOverAsync(CancellationToken stop)
    {
        if (_handover is { } handover)
        {
            await handover.TurnAsync(stop);
            _engine.NothingToCopy();
        }
    }

    /// <summary>What an earlier process of this run has left: its connections are ended, and what changed since then is a gap.</summary>
    private async Task ResumeAsync(CancellationToken stop)
    {
        if (_resume is null)
        {
            return;
        }

        if (await OldConnections.EndAsync(_target, stop) is { } refused)
        {
            OnSuspect(refused);
        }

        _journal.Note(NoteLevel.Information, $"Resuming run {_name}: {_engine.ResumeCopy(_resume.Position)}.");
        _engine.Gaps.Note("Keyferry was not running for a while");
    }

    /// <summary>What clients wrote where they should not while nobody watched has been overwritten or removed by now: it cannot be told from what they changed where they should,
    /// but it is counted.</summary>
    private void TellCameApart()
    {
        if (_resume is not { IsWayBack: true } || _cameApart is not null || _engine.Gaps.Pending > 0)
        {
            return;
        }

        var (written, removed) = _engine.Mended;
        _cameApart = (written, removed);
        if (written + removed > 0)
        {
            _journal.Note(
                NoteLevel.Warning,
                $"While Keyferry was not running the two sides came apart. On {_target.Endpoint}, keys written anew: {written:#,0}; keys removed that {_source.Endpoint} does not have: {removed:#,0}. What clients wrote on {_target.Endpoint} meanwhile is among them."
            );
        }
    }

    private async Task CopyAsync(CancellationToken finish, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(finish, stop);
        try
        {
            await _engine.CopyAsync((shard, position) => ResumePoint.Save(_journal.Store, _journal.Run, shard, position), either.Token);
        }
        catch (OperationCanceledException) when (finish.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            var progress = Progress;
            throw new CopyUnfinishedException(
                $"the run was ended before the copy was complete: {progress.Scanned:#,0} of about {progress.ScanTotal:#,0} keys; the same command with --resume goes on with it"
            );
        }
    }

    private async Task FollowAsync(CancellationToken finish, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(finish, stop);
        while (!finish.IsCancellationRequested)
        {
            stop.ThrowIfCancellationRequested();
            (_engine.Capture as PollingCapture)?.AskIfDue();
            _beside?.TellFirstPutRight();
            if (_engine.GapIsDue)
            {
                await _closing.CloseAsync(stop);
                TellCameApart();
            }
            else if (_cutover is { } cutover && await cutover.TryAsync(stop))
            {
                return;
            }
            else if (_options.UntilIdle is { } idle && _engine.Gaps.OnlyLastingAreOpen && !_control.IsPaused && _engine.Idle() >= idle)
            {
                return;
            }

            await PauseAsync(FollowInterval, either.Token);
        }

        stop.ThrowIfCancellationRequested();
    }

    /// <summary>Where no capture listens, every pass compares both sides already.</summary>
    private void CompareBeside(BackgroundTasks background)
    {
        if (_engine.Capture is { Listens: true } capture)
        {
            _beside?.Begin(capture, background);
        }
        else if (_cutover is not null)
        {
            throw HearingCheck.Refused();
        }
    }

    private void OnGap(Queue.Gap gap) => _beside?.OnGap(gap);

    private void OnSuspect(string reply)
    {
        _proof.Suspect();
        _beside?.OnSuspect();
        _journal.Note(
            NoteLevel.Warning,
            $"A lost connection could not be killed on the target ({reply}); the keys that were on their way are looked at again."
        );
    }

    private async ValueTask GiveBackAsync(Verdict verdict)
    {
        using var patience = new CancellationTokenSource(RestorePatience, _time);
        if (_cutover is { } cutover)
        {
            await cutover.LiftAsync();
            await cutover.DisposeAsync();
        }

        if (_beside is not null)
        {
            await _beside.DisposeAsync();
        }

        // The source first: a target that is away may use up the patience.
        _leases.AddRange([.. await _listening.RestoreAsync(patience.Token), .. await _engine.RestoreTargetAsync(patience.Token)]);
        if (_clock.Phase == Phase.OwnershipUnknown || _cutover?.Done is not null)
        {
            // The run is not over: a person has to say how it ends; or what comes after the switch is still to come.
            return;
        }

        if (_clock.Phase != Phase.Completed)
        {
            _clock.Enter(Phase.Aborted, "ended early");
        }

        _journal.Ended(verdict);
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        try
        {
            await Task.Delay(pause, _time, stop);
        }
        catch (OperationCanceledException)
        {
            // The caller's loop looks at its tokens itself.
            return;
        }
    }
}
