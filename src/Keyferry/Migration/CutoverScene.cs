using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>What the steps of a cutover do to a running migration.</summary>
/// <param name="context">The run.</param>
/// <param name="engine">Its moving parts.</param>
/// <param name="verifier">What is proved of both sides.</param>
/// <param name="counts">What both sides count.</param>
/// <param name="fence">Keeps clients from writing.</param>
/// <param name="person">The operator.</param>
internal sealed class CutoverScene(
    RunContext context,
    MigrationEngine engine,
    ContinuousVerifier verifier,
    KeyCounts counts,
    IFence fence,
    Operator person
) : ICutoverScene, IAsyncDisposable
{
    /// <summary>How often the keys that are not proved are looked at again behind the fence.</summary>
    private const int Rounds = 5;

    private const string Frozen = "the clients are being switched: nothing is moved any more";

    private readonly FenceGuard _guard = new(fence, [context.Source, context.Target], context.Time);

    private IWayBack? _plannedBack;

    /// <inheritdoc/>
    public CancellationToken FenceBroken => _guard.Broken;

    /// <inheritdoc/>
    public string? FenceTrouble => _guard.Trouble;

    /// <inheritdoc/>
    public ValueTask<string?> LookAtFenceAsync(CancellationToken stop) => _guard.LookNowAsync(stop);

    /// <summary>Whether clients may be kept from writing to the source.</summary>
    public bool IsFenced { get; private set; }

    /// <summary>Whether clients may be on the target.</summary>
    public bool MayBeSwitched { get; private set; }

    /// <summary>Watches the source for clients that still write there; begun by <see cref="LeaveAsync"/>, ended by whoever goes on with the run.</summary>
    public OldSideWatch? OldSide { get; private set; }

    /// <summary>Keys that were compared behind the fence.</summary>
    public int ProvedBehindFence { get; private set; }

    /// <inheritdoc/>
    public ValueTask CheckReadyAsync(CancellationToken stop) =>
        Readiness.Of(context, engine, verifier) is { } against ? throw new CutoverFailedException(against) : ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        // Behind the fence no key can be written, and what is proved there rests on having heard of every change.
        if (await context.Deafness(stop) is { } deaf)
        {
            throw new CutoverFailedException(deaf);
        }

        await verifier.PrepareAsync(stop);
        await fence.PrepareAsync(stop);
        await _guard.PrepareAsync(stop);
        if (context.Options.Cutover is { ReverseWindow: not null } && context.PlanWayBack is { } plan)
        {
            _plannedBack = await plan(context, stop);
        }

        // What is left when the fence goes up is what changes from here on.
        _ = await verifier.RoundAsync(settle: true, stop);
        if (Readiness.OfProof(engine, verifier) is { } against)
        {
            throw new CutoverFailedException(against);
        }
    }

    /// <inheritdoc/>
    public ValueTask FenceAsync(CancellationToken stop)
    {
        IsFenced = true;
        return fence.RaiseAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask TryFenceAsync(CancellationToken stop)
    {
        await fence.TryAsync(stop);
        await _guard.BeginAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask UnfenceAsync(CancellationToken stop)
    {
        await _guard.DisposeAsync();
        await fence.LowerAsync(stop);
        IsFenced = false;
    }

    /// <inheritdoc/>
    public async ValueTask DrainAsync(CancellationToken stop)
    {
        await engine.DrainAsync(stop);
        if (!engine.CountsSilentCommands())
        {
            engine.Gaps.Note("changes of consumer groups raise no event, and the source counts no commands", GapScope.Streams);
        }

        if (engine.Gaps.IsOpen(GapScope.Streams) && !engine.Gaps.IsOpen(GapScope.AllKeys))
        {
            await engine.CloseGapsAsync(stop);
        }

        if (engine.Gaps.Open > 0)
        {
            throw new CutoverFailedException("a gap opened behind the fence: changes may have been missed");
        }
    }

    /// <inheritdoc/>
    public async ValueTask ProveAsync(CancellationToken stop)
    {
        var unequal = 0;
        for (var round = 1; round <= Rounds; round++)
        {
            (var compared, unequal) = await verifier.RoundAsync(settle: round > 1, stop);
            ProvedBehindFence = round == 1 ? compared : ProvedBehindFence;
            if (unequal == 0 && compared == 0)
            {
                break;
            }
        }

        if (unequal > 0)
        {
            throw new CutoverFailedException($"{unequal:#,0} keys are not equal on both sides");
        }

        if (await counts.DifferenceAsync(stop) is { } differing)
        {
            engine.Gaps.Note(differing);
            throw new CutoverFailedException(differing);
        }

        if (Readiness.OfProof(engine, verifier) is { } against)
        {
            throw new CutoverFailedException(against);
        }
    }

    /// <summary>The way back, once it is open.</summary>
    public IWayBack? WayBack { get; private set; }

    /// <inheritdoc/>
    public async ValueTask OpenWayBackAsync(CancellationToken stop)
    {
        var back = _plannedBack ?? throw new CutoverFailedException("this run has no way back");
        WayBack = back;
        // Whoever listens there takes a setting that changes for one that may have silenced the server.
        await engine.ImportMode.EndAsync(stop);
        await back.ListenAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask CloseWayBackAsync(CancellationToken stop)
    {
        _ = await engine.ImportMode.EnsureAsync(stop);
        if (WayBack is not { Ended: { } ended } back)
        {
            return;
        }

        WayBack = null;
        back.Close();
        context.Control.CloseBack();
        // However it ends: there was nothing to go back from.
        _ = await Task.WhenAny(ended).WaitAsync(stop);
        back.Dispose();
        _plannedBack = null;
    }

    /// <inheritdoc/>
    public async ValueTask FreezeAsync(CancellationToken stop)
    {
        _ = context.Control.Gate.Close(Frozen);
        await engine.Lanes.SettleAsync(stop);
        // Somebody else may have written on the target since the proof.
        if (await verifier.RoundAsync(settle: false, stop) is { Unequal: > 0 and var unequal })
        {
            throw new CutoverFailedException($"{unequal:#,0} keys are not equal on both sides any more");
        }

        if (Readiness.OfProof(engine, verifier) is { } against)
        {
            throw new CutoverFailedException(against);
        }

        await engine.ImportMode.EndAsync(stop);
        if (await LookAtFenceAsync(stop) is { } trouble)
        {
            throw new CutoverFailedException(trouble);
        }
    }

    /// <inheritdoc/>
    public async ValueTask ThawAsync(CancellationToken stop)
    {
        _ = context.Control.Gate.Open(Frozen);
        _ = await engine.ImportMode.EnsureAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask<SwitchAnswer> SwitchAsync(CancellationToken stop)
    {
        MayBeSwitched = true;
        var answer = await person.SwitchAsync(stop);
        MayBeSwitched = answer.Outcome != SwitchOutcome.NotSwitched;
        return answer;
    }

    /// <inheritdoc/>
    public async ValueTask<bool> ResolveAsync(string why, CancellationToken stop)
    {
        MayBeSwitched = true;
        return MayBeSwitched = await person.ResolveAsync(why, stop);
    }

    /// <inheritdoc/>
    public async ValueTask ConfirmAsync(CancellationToken stop)
    {
        foreach (var node in context.Target.Nodes)
        {
            await using var connection = await node.ConnectAsync("confirm", stop);
            // Refused where the server is a replica, out of memory, or not allowed to write: a key that is not there is deleted.
            var reply = await connection.TryCallAsync(stop, "UNLINK", "keyferry:{probe}");
            if (reply.IsError && !reply.Text.StartsWith("MOVED", StringComparison.Ordinal))
            {
                throw new ServerErrorException(reply.Text, "UNLINK");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask LeaveAsync(CancellationToken stop)
    {
        // Before the first of them can write there again.
        OldSide ??= new OldSideWatch(context.Source, context.Journal, () => context.Control.Back, WayBack is not null, context.Time);
        await OldSide.BegunAsync();
        await LeaveUnwatchedAsync(stop);
    }

    /// <summary>Disconnects the clients from the source and lifts the fence there, without a watch on who writes there afterwards.</summary>
    public async ValueTask LeaveUnwatchedAsync(CancellationToken stop)
    {
        try
        {
            var clients = 0;
            foreach (var node in context.Source.Nodes)
            {
                clients += await SourceClients.DisconnectAsync(node, stop);
            }

            context.Journal.Note(
                NoteLevel.Information,
                $"{clients} clients that were still connected to the old side were disconnected from it."
            );
        }
        catch (Exception refused) when (refused is ServerErrorException or IOException or KeyferryException)
        {
            context.Journal.Note(
                NoteLevel.Warning,
                $"Clients that are still connected to the old side could not be disconnected: {refused.Message}"
            );
        }

        // Until they were disconnected they could have written here, had the fence broken after the switch.
        _ = await LookAtFenceAsync(stop);
        await UnfenceAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _guard.DisposeAsync();
        await fence.DisposeAsync();
        if (WayBack is null)
        {
            _plannedBack?.Dispose();
        }
    }
}
