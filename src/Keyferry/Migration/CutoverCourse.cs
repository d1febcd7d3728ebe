using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>The part of a run that hands the clients over: waits until somebody asks and everything is ready, and goes through
/// the steps.</summary>
/// <remarks><b>Promises.</b> Whatever happens in it, the run is afterwards either following, with the source writable again; or past the switch; or ended with
/// <see cref="OwnershipUnknownException"/>.</remarks>
internal sealed class CutoverCourse : ICutoverStory, IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LeastTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LiftPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LiftInterval = TimeSpan.FromSeconds(1);

    private readonly RunContext _context;
    private readonly MigrationEngine _engine;
    private readonly RunningComparison _beside;
    private readonly PhaseClock _clock;
    private readonly Operator _person;
    private readonly KeyCounts _counts;
    private CutoverScene? _scene;
    private CutoverTalk? _talk;
    private TimeSpan _pause = FirstPause;
    private long _triedAt;
    private long _liftedAt;
    private bool _tried;
    private string? _said;

    public CutoverCourse(RunContext context, CutoverOptions options, MigrationEngine engine, RunningComparison beside, PhaseClock clock)
    {
        _context = context;
        Options = options;
        (_engine, _beside) = (engine, beside);
        _clock = clock;
        _counts = new KeyCounts(context, engine);
        _person = new Operator(
            options,
            context.Hooks,
            context.Control.Questions,
            new HookContext(context.Name, context.Source.Endpoint, context.Target.Endpoint, context.Direction),
            Tell
        );
        context.Control.CanCutOver = true;
    }

    /// <summary>How the clients are to be handed over.</summary>
    public CutoverOptions Options { get; }

    /// <summary>What the cutover was, once the clients are on the other side.</summary>
    public CutoverRecord? Done { get; private set; }

    /// <summary>The way back, where one was asked for and the clients are on the other side.</summary>
    public IWayBack? WayBack { get; private set; }

    /// <summary>Watches the side that the clients have left, once they have.</summary>
    public OldSideWatch? OldSide { get; private set; }

    /// <summary>Whether a cutover is tried just now, or the fence of one still stands.</summary>
    public bool IsUnderWay => _scene is not null;

    /// <summary>The counters of this moment, where this part of the run has something to add to them.</summary>
    public ProgressSnapshot? Progress
    {
        get
        {
            if (_clock.InSince(Phase.Reversible) is { } since && WayBack is { } back)
            {
                var now = back.Progress;
                return now with
                {
                    Phase = now.Phase == Phase.OwnershipUnknown ? now.Phase : Phase.Reversible,
                    Elapsed = _clock.Elapsed,
                    BackSince = since,
                };
            }

            if (_beside.Verifier is null)
            {
                return null;
            }

            // What was compared before the switch says nothing of how the way back has ended.
            var there = AsOfNow(_engine.Progress(_clock));
            return Done is not null && WayBack is not null ? there : _beside.AddTo(there);
        }
    }

    /// <summary>Once the clients are on the other side, nothing is to be moved this way any more: the run is not held, although its gate is closed, and what it hears of
    /// does not wait. With a way back, that is what the way back writes, and what it has put right.</summary>
    private ProgressSnapshot AsOfNow(ProgressSnapshot now) =>
        Done is null
            ? now
            : now with
            {
                Held = null,
                OldestWaiting = TimeSpan.Zero,
                Waiting = WayBack is null ? now.Waiting : 0,
                WaitingBytes = WayBack is null ? now.WaitingBytes : 0,
            };

    /// <summary>Cuts over if that is wanted and everything is ready; called again and again while the run follows.</summary>
    /// <returns>Whether the clients are on the other side now.</returns>
    /// <exception cref="OwnershipUnknownException">The run ends while nobody knows who owns the data.</exception>
    public async Task<bool> TryAsync(CancellationToken stop)
    {
        if (_beside.Verifier is not { } verifier)
        {
            return false;
        }

        if (Wanted() is not { } talk)
        {
            // Whoever waited has taken it back.
            verifier.Hurry = false;
            _ = await IsLiftedAsync();
            return false;
        }

        if (!await IsLiftedAsync())
        {
            SayOnce(talk, "waiting: the fence of the cutover before this one could not be lifted yet");
            return false;
        }

        verifier.Hurry = true;
        if (Readiness.Of(_context, _engine, verifier) is { } against)
        {
            SayOnce(talk, $"waiting: {against}");
            return false;
        }

        if (_context.Control.BeginCutover(talk) is not { } hold)
        {
            return false;
        }

        _talk = talk;
        _tried = true;
        var (outcome, waited) = await RunAsync(verifier, hold, stop);
        verifier.Hurry = false;
        _triedAt = _context.Time.GetTimestamp();
        if (outcome.Switched)
        {
            _context.Control.EndCutover(switched: true);
            return true;
        }

        _pause = _pause * 2 > LongestPause ? LongestPause : _pause * 2;
        var again = Options.When == CutoverWhen.WhenReady ? $" The run tries again in {_pause.TotalSeconds:0} s." : "";
        var source = _scene is null ? "The source is writable" : "The source is still fenced, and the run goes on trying to lift the fence";
        var held = _scene is null && waited > TimeSpan.Zero ? $" Writes to it waited for {waited.TotalMilliseconds:#,0} ms." : "";
        Tell(NoteLevel.Warning, $"The cutover was undone: {outcome.Why}. {source}; the run follows on.{held}{again}");
        talk.End(CutoverEnd.NotSwitched, $"undone: {outcome.Why}. {source}; the run follows on");
        _context.Control.EndCutover(switched: false);
        return false;
    }

    /// <summary>What came after the switch is over.</summary>
    public void Ended(CutoverRecord done) => Done = done;

    /// <summary>The run ends: lifts the fence where it still stands, because it could not be lifted before, or because nobody knows who owns the data.</summary>
    public async ValueTask LiftAsync()
    {
        if (await TryLiftAsync() is { } why)
        {
            Tell(NoteLevel.Error, $"The fence could not be lifted: {why} keyferry restore lifts it.");
        }
    }

    /// <inheritdoc/>
    public void Enter(Phase phase, string words)
    {
        _context.Control.Enter(phase);
        if (_clock.Phase != phase)
        {
            _clock.Enter(phase, words);
        }

        Say(words);
    }

    /// <inheritdoc/>
    public bool BeginSwitch() => _context.Control.BeginSwitch();

    /// <inheritdoc/>
    public void Say(string words) => _talk?.Say(words);

    /// <inheritdoc/>
    public void Tell(NoteLevel level, string text)
    {
        _context.Journal.Note(level, text);
        _talk?.Say(text);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_scene is { } scene)
        {
            await scene.DisposeAsync();
        }

        _talk?.End(CutoverEnd.NotSwitched, "the run has ended");
    }

    private async Task<(CutoverOutcome, TimeSpan)> RunAsync(ContinuousVerifier verifier, CancellationToken hold, CancellationToken stop)
    {
        var scene = new CutoverScene(_context, _engine, verifier, _counts, NewFence(), _person);
        _scene = scene;
        // Behind the fence the application waits: nothing is gained by reading slowly.
        _engine.Pace.Suspend(true);
        var runner = new CutoverRunner(CutoverSteps.Of(Options), scene, Options, this, _context.Time);
        try
        {
            var outcome = await runner.RunAsync(hold, stop);
            if (outcome.Switched)
            {
                Done = new CutoverRecord(
                    _context.Time.GetUtcNow(),
                    runner.FencedTime,
                    scene.ProvedBehindFence,
                    verifier.LastPass,
                    verifier.Repaired
                )
                {
                    ComparedAgain = verifier.ComparedAgain,
                    ByType = verifier.ByType,
                    PutRight = verifier.PutRight,
                    Unheard = _beside.Unheard,
                };
                WayBack = scene.WayBack;
                OldSide = scene.OldSide;
                WayBack?.Go();
                Tell(
                    NoteLevel.Information,
                    $"The clients are on {_context.Target.Endpoint}. Writes to {_context.Source.Endpoint} waited for {Done.Fenced.TotalMilliseconds:#,0} ms; {Done.ProvedBehindFence:#,0} keys were compared meanwhile."
                );
                _talk?.End(CutoverEnd.Switched, "switched");
            }

            return (outcome, runner.FencedTime);
        }
        catch (OwnershipUnknownException unknown)
        {
            _talk?.End(CutoverEnd.Unknown, unknown.Message);
            throw;
        }
        finally
        {
            _engine.Pace.Suspend(false);
            // A fence that still stands is lifted later.
            _liftedAt = _context.Time.GetTimestamp();
            if (_clock.Phase != Phase.OwnershipUnknown && !scene.IsFenced)
            {
                await scene.DisposeAsync();
                _scene = null;
            }
        }
    }

    /// <summary>Tries now and then to lift a fence that could not be lifted when its cutover was undone.</summary>
    private async ValueTask<bool> IsLiftedAsync()
    {
        if (_scene is null)
        {
            return true;
        }

        if (_context.Time.GetElapsedTime(_liftedAt) < LiftInterval)
        {
            return false;
        }

        var why = await TryLiftAsync();
        _liftedAt = _context.Time.GetTimestamp();
        if (why is null)
        {
            Tell(NoteLevel.Information, "The fence is lifted: the source is writable.");
        }

        return why is null;
    }

    /// <returns>Why the fence still stands, or <see langword="null"/>.</returns>
    private async ValueTask<string?> TryLiftAsync()
    {
        if (_scene is not { } scene)
        {
            return null;
        }

        using var patience = new CancellationTokenSource(LiftPatience, _context.Time);
        try
        {
            // Where clients may be on the other side, what they have waiting here must not be executed here.
            await (scene.MayBeSwitched ? scene.LeaveUnwatchedAsync(patience.Token) : scene.UnfenceAsync(patience.Token));
            await scene.DisposeAsync();
            _scene = null;
            return null;
        }
        catch (Exception failed) when (failed is CutoverFailedException or IOException or KeyferryException or OperationCanceledException)
        {
            return failed.Message;
        }
    }

    private CutoverTalk? Wanted()
    {
        if (_context.Control.Talk is { } asked)
        {
            return asked;
        }

        if (Options.When != CutoverWhen.WhenReady || _context.Control.IsHolding)
        {
            return null;
        }

        return _tried && _context.Time.GetElapsedTime(_triedAt) < _pause ? null : _context.Control.AskCutover();
    }

    private void SayOnce(CutoverTalk talk, string text)
    {
        // The numbers in it change all the time; what is said again is another reason.
        var reason = text.Split('(')[0];
        if (_said != reason)
        {
            _said = reason;
            talk.Say(text);
        }
    }

    private IFence NewFence()
    {
        var primaries = _context.Source.Nodes;
        var (store, run, time) = (_context.Journal.Store, _context.Journal.Run, _context.Time);
        return Options.Fence switch
        {
            FenceKind.Pause => new PauseFence(primaries, store, run, Longer(Options.FenceBudget * 2, LeastTimeout), time),
            FenceKind.Acl => new AclFence(primaries, store, run, time),
            FenceKind.Hook => new OperatorFence(primaries, _person.RunFenceHookAsync, _person.FenceHookLease(), store, run, time),
            _ => new OperatorFence(primaries, _person.AskFenceAsync, null, store, run, time),
        };
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
