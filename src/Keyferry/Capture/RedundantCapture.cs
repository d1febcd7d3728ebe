using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>Two captures that hear the same: losing one is no gap as long as the other has heard everything.</summary>
/// <remarks>
/// <para><b>The rule.</b> When one is lost, the other is asked to prove, by catching up without a loss of its own, that it has heard everything up to that moment. Only
/// if it cannot is there a gap. A capture that is lost while the other is not listening is a gap at once.</para>
/// <para><b>Concurrency.</b> As its parts: anybody may ask to catch up.</para>
/// </remarks>
internal sealed class RedundantCapture : ICapture
{
    private readonly IChangeSink _sink;
    private readonly Half[] _halves;
    private readonly Lock _lock = new();
    private readonly List<(Half Lost, string Reason)> _doubtful = [];
    private readonly Pulse _lost = new();

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
    public async ValueTask ArmAsync(CancellationToken stop)
    {
        foreach (var half in _halves)
        {
            await half.Capture.ArmAsync(stop);
            half.Listening = true;
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        var judging = JudgeAsync(stop);
        await Task.WhenAll(_halves[0].Capture.RunAsync(stop), _halves[1].Capture.RunAsync(stop), judging);
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop)
    {
        // Either has heard everything if it answers; the one that is away may take long.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var first = await Task.WhenAny(_halves.Select(half => half.Capture.CatchUpAsync(either.Token).AsTask()));
        either.Cancel();
        await first;
        while (HasDoubt())
        {
            var settled = _lost.Next();
            if (HasDoubt())
            {
                await settled.WaitAsync(stop);
            }
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

    private bool HasDoubt()
    {
        lock (_lock)
        {
            return _doubtful.Count > 0;
        }
    }

    /// <summary>A half says that it may have missed something: at its loss, and again when it listens once more.</summary>
    private void OnLost(Half half, string reason)
    {
        var other = half == _halves[0] ? _halves[1] : _halves[0];
        lock (_lock)
        {
            if (!half.Listening)
            {
                // It listens again; what happened meanwhile was the other's to hear, or is a gap already, which lasts until now.
                half.Listening = true;
                if (!half.Covered)
                {
                    _sink.MayHaveMissed(reason);
                }

                return;
            }

            half.Listening = false;
            half.Covered = other.Listening;
            other.Covered = false;
            if (half.Covered)
            {
                _doubtful.Add((half, reason));
                _lost.Set();
                return;
            }
        }

        _sink.MayHaveMissed(reason);
    }

    private async Task JudgeAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                var lost = _lost.Next();
                (Half Lost, string Reason)[] doubtful;
                lock (_lock)
                {
                    doubtful = [.. _doubtful];
                }

                foreach (var (half, reason) in doubtful)
                {
                    await JudgeAsync(half, reason, stop);
                }

                if (doubtful.Length == 0)
                {
                    await lost.WaitAsync(stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task JudgeAsync(Half half, string reason, CancellationToken stop)
    {
        var other = half == _halves[0] ? _halves[1] : _halves[0];
        await other.Capture.CatchUpAsync(stop);
        lock (_lock)
        {
            _ = _doubtful.RemoveAll(doubt => doubt.Lost == half);
            if (!half.Covered)
            {
                _sink.MayHaveMissed(reason);
            }
        }

        _lost.Set();
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

        /// <summary>Since its last arming it has not said that it may have missed something.</summary>
        public bool Listening { get; set; }

        /// <summary>While it was away, the other has not been lost.</summary>
        public bool Covered { get; set; }

        public void Changed(int database, ReadOnlySpan<byte> key) => _whole._sink.Changed(database, key);

        public void Expired(int database, ReadOnlySpan<byte> key) => _whole._sink.Expired(database, key);

        public void AllChanged(string reason) => _whole._sink.AllChanged(reason);

        public void MayHaveMissed(string reason) => _whole.OnLost(this, reason);
    }
}
