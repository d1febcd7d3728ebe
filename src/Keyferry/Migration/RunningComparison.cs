using Keyferry.Capture;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Servers;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>The comparison of both sides that goes on for as long as the run follows, with an ear on the target: others may write there.</summary>
/// <param name="context">The run.</param>
/// <param name="engine">Its moving parts.</param>
internal sealed class RunningComparison(RunContext context, MigrationEngine engine) : IAsyncDisposable
{
    private CancellationTokenSource _stop = new();
    private Task _verifying = Task.CompletedTask;
    private TargetListening? _listening;
    private Task _hearing = Task.CompletedTask;

    /// <summary>Compares; set once it has begun.</summary>
    public ContinuousVerifier? Verifier { get; private set; }

    /// <summary>Why what others write on the target is not noticed, or <see langword="null"/>.</summary>
    public string? Unheard => _listening?.Unheard;

    /// <summary>Whether a run has one: whoever wants both sides compared in the end, and moves what differs, wants it in between, too. A cutover rests on it.</summary>
    /// <remarks>Without a cutover, not where a read counts as a use of the key (before 7.2): read again and again, keys that nobody uses would never be evicted, nor left out
    /// when a gap is closed.</remarks>
    public static bool IsWanted(MigrationOptions options, ServerIdentity source) =>
        options.Cutover is not null || (options is { Mode: MigrationMode.Live, Verify: true } && source.HasNoTouch);

    /// <summary>Begins; to be called when the copy is complete.</summary>
    /// <param name="capture">Hears of changes: what it tells of is compared again.</param>
    /// <param name="background">Where it runs.</param>
    public void Begin(ICapture capture, BackgroundTasks background)
    {
        _listening = new TargetListening(
            context.Target,
            context.Plan.Transfer.Scope,
            context.Options.OutageBudget,
            context.Journal,
            context.Time
        );
        var changes = new ChangeWatch(engine.Lanes, capture, engine.Gaps, engine.MovesUnchanged, _listening);
        Verifier = new ContinuousVerifier(context.Source, context.Target, engine.Comparison, changes, context.Time);
        engine.StreamLooked = key => Verifier.Coverage.Add([key]);
        _stop.Dispose();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(background.Stop);
        _verifying = Verifier.RunAsync(_stop.Token);
        background.Add(_verifying);
        _hearing = _listening.RunAsync(_stop.Token);
        background.Add(_hearing);
    }

    /// <summary>A gap has opened or was closed: what was compared before does not count any more.</summary>
    public void OnGap(Gap gap)
    {
        if (gap.Scope == GapScope.AllKeys)
        {
            Verifier?.Coverage.Void(gap.Reason);
        }
    }

    /// <summary>A late write to the target could not be excluded.</summary>
    public void OnSuspect() => Verifier?.Coverage.Void("a lost connection to the target could not be killed");

    /// <summary>Tells, while the run goes on, that somebody else writes on the target.</summary>
    public void TellFirstPutRight()
    {
        if (Verifier is { } verifier)
        {
            _listening?.TellFirstPutRight(verifier.PutRight, context.Source.Endpoint);
        }
    }

    /// <summary>The counters of this moment, with what is compared.</summary>
    public ProgressSnapshot AddTo(ProgressSnapshot now) =>
        Verifier is not { } beside
            ? now
            : now with
            {
                Verified = beside.Coverage.IsComplete ? beside.Total : beside.Walked,
                VerifyTotal = beside.Total,
                VerifyCandidates = beside.Coverage.Unproved,
            };

    /// <summary>The outcome of the comparison at the end, with what was mended before it.</summary>
    public VerifyResult AddTo(VerifyResult result) =>
        Verifier is not { } beside
            ? result
            : result with
            {
                Repaired = result.Repaired + beside.Repaired,
                PutRight = result.PutRight + beside.PutRight,
            };

    /// <summary>Ends it; another comparison is to follow, or none.</summary>
    public async Task EndAsync()
    {
        _stop.Cancel();
        // Where it failed, the run has been told already.
        _ = await Task.WhenAny(_verifying);
        _ = await Task.WhenAny(_hearing);
        _listening?.TellPutRight(Verifier?.PutRight ?? 0, context.Source.Endpoint);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        if (Verifier is { } verifier)
        {
            await verifier.DisposeAsync();
        }

        _stop.Dispose();
    }
}
