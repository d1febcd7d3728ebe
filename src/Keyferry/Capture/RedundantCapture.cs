using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>Two captures that hear the same: losing one is no gap as long as the other has heard everything.</summary>
/// <remarks>
/// <para><b>The rule.</b> One that is lost is covered by the other, if that one has heard everything up to then. One that listens again after a covered absence counts
/// for nothing yet: what happened meanwhile may still be on its way to the other, which therefore has to catch up first. If the other is lost before that, there is a
/// gap. One that is lost while the other is away is a gap at once.</para>
/// <para><b>Concurrency.</b> As its parts: anybody may ask to catch up.</para>
/// </remarks>
internal sealed class RedundantCapture : ICapture
{
    private readonly IChangeSink _sink;
    private readonly Half[] _halves;
    private readonly Lock _lock = new();
    private readonly Pulse _joined = new();
    private Joining? _joining;

    /// <param name="create">Makes one of the two, which puts what it hears into the sink that it is given.</param>
    /// <param name="sink">Where the changes go.</param>
    public RedundantCapture(Func<IChangeSink, ICapture> create, IChangeSink sink)
    {
        _sink = sink;
        _halves = [new Half(this, create), new Half(this, create)];
    }

    /// <inheritdoc/>
    public string Description => $"{_halves[0].Capture.Description}, on two connections";

    /// <inheritdoc/>
    public bool Listens => true;

    /// <inheritdoc/>
    public long? HeardUpTo => ICapture.Earliest(_halves.Select(static half => half.Capture.HeardUpTo));

    /// <inheritdoc/>
    public async ValueTask ArmAsync(CancellationToken stop)
    {
        foreach (var half in _halves)
        {
            await half.Capture.ArmAsync(stop);
            half.State = HalfState.Whole;
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task[] parts = [_halves[0].Capture.RunAsync(ending.Token), _halves[1].Capture.RunAsync(ending.Token), JoinAsync(ending.Token)];
        // They end only when asked to, or where one of them fails: then nobody would wait for what it can no longer vouch for.
        _ = await Task.WhenAny(parts);
        ending.Cancel();
        await Task.WhenAll(parts);
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop)
    {
        // Either has heard everything if it answers; the one that is away may take long.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var first = await Task.WhenAny(_halves.Select(half => half.Capture.CatchUpAsync(either.Token).AsTask()));
        either.Cancel();
        await first;
        // One that has only just come back may have answered, while the other has still to hear of the time before.
        while (true)
        {
            var joined = _joined.Next();
            if (Volatile.Read(ref _joining) is null)
            {
                return;
            }

            await joined.WaitAsync(stop);
        }
    }

    /// <inheritdoc/>
    public async Task SeesAsync(byte[] probe, CancellationToken stop) =>
        await Task.WhenAll(_halves.Select(half => half.Capture.SeesAsync(probe, stop)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var half in _halves)
        {
            await half.Capture.DisposeAsync();
        }
    }

    /// <summary>A half says that it may have missed something: at its loss, and again when it listens once more.</summary>
    private void OnLost(Half half, string reason, GapCause? cause)
    {
        bool isGap;
        Joining? over = null;
        lock (_lock)
        {
            isGap = half.State == HalfState.Away ? Return(half) : Leave(half, ref over);
        }

        over?.End.Cancel();
        _joined.Set();
        if (isGap)
        {
            _sink.MayHaveMissed(reason, HeardUpTo, cause);
        }
    }

    /// <returns>Whether the half was away for a time of which nobody may have heard.</returns>
    private bool Return(Half half)
    {
        if (!half.Covered)
        {
            half.State = HalfState.Whole;
            return true;
        }

        half.State = HalfState.Joining;
        Volatile.Write(ref _joining, new Joining(half));
        return false;
    }

    /// <returns>Whether something may have been lost with the half.</returns>
    private bool Leave(Half half, ref Joining? over)
    {
        var other = OtherOf(half);
        var isGap = other.State != HalfState.Whole;
        if (other.State == HalfState.Joining)
        {
            // The absence of the other was for this one to hear of. The gap takes its place; since then the other has listened.
            other.State = HalfState.Whole;
            over = _joining;
            Volatile.Write(ref _joining, null);
        }

        half.Covered = other.State == HalfState.Whole;
        half.State = HalfState.Away;
        other.Covered = false;
        return isGap;
    }

    private async Task JoinAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var joined = _joined.Next();
                if (Volatile.Read(ref _joining) is { } joining)
                {
                    await JoinAsync(joining, stop);
                }
                else
                {
                    await joined.WaitAsync(stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task JoinAsync(Joining joining, CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, joining.End.Token);
        try
        {
            await OtherOf(joining.Half).Capture.CatchUpAsync(either.Token);
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            // The other was lost meanwhile, and a gap has been noted.
            return;
        }

        lock (_lock)
        {
            if (_joining == joining)
            {
                joining.Half.State = HalfState.Whole;
                Volatile.Write(ref _joining, null);
            }
        }

        _joined.Set();
    }

    private Half OtherOf(Half half) => half == _halves[0] ? _halves[1] : _halves[0];

    /// <summary>What one of the two is good for.</summary>
    private enum HalfState
    {
        /// <summary>It does not listen.</summary>
        Away,

        /// <summary>It listens, but the other has yet to hear of the time when it did not.</summary>
        Joining,

        /// <summary>Whatever it has not heard is covered by the other's word or by a gap.</summary>
        Whole,
    }

    /// <summary>A half that has come back and waits for the other to catch up.</summary>
    private sealed class Joining(Half half)
    {
        public Half Half { get; } = half;

        /// <summary>Cancelled when the other is lost before it has caught up.</summary>
        public CancellationTokenSource End { get; } = new();
    }

    /// <summary>The sink of one of the two.</summary>
    private sealed class Half : IChangeSink
    {
        private readonly RedundantCapture _whole;

        public Half(RedundantCapture whole, Func<IChangeSink, ICapture> create)
        {
            _whole = whole;
            Capture = create(this);
        }

        public ICapture Capture { get; }

        public HalfState State { get; set; }

        /// <summary>While it was away, the other has not been lost.</summary>
        public bool Covered { get; set; }

        public void Changed(int database, ReadOnlySpan<byte> key) => _whole._sink.Changed(database, key);

        public void Expired(int database, ReadOnlySpan<byte> key) => _whole._sink.Expired(database, key);

        public void AllChanged(string reason) => _whole._sink.AllChanged(reason);

        public void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false) =>
            _whole.OnLost(this, reason, cause);
    }
}
