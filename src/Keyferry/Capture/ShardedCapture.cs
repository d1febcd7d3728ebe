using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>One capture for each primary of a cluster; primaries come and go while it runs.</summary>
/// <remarks>
/// <para><b>Promises.</b> As its parts. One that is taken out has perhaps not heard everything; whoever takes it out owes a gap, and notes it after what takes its place
/// listens.</para>
/// <para><b>Concurrency.</b> One task runs it, one adds and removes, anybody may ask to catch up.</para>
/// </remarks>
internal sealed class ShardedCapture : ICapture
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Part> _parts = [];
    private readonly Pulse _changed = new();

    /// <summary>One that listens to nothing yet.</summary>
    public static ShardedCapture Empty() => new();

    /// <inheritdoc/>
    public string Description =>
        Parts() is [var first, ..] and var parts ? $"{first.Capture.Description}, at {parts.Length} primaries" : "nothing";

    /// <inheritdoc/>
    public bool Listens => true;

    /// <inheritdoc/>
    public long? HeardUpTo => ICapture.Earliest(Parts().Select(static part => part.Capture.HeardUpTo));

    /// <summary>The nodes that are listened to.</summary>
    public IReadOnlyList<string> Nodes
    {
        get
        {
            lock (_lock)
            {
                return [.. _parts.Keys];
            }
        }
    }

    /// <summary>Takes over a capture that has been armed.</summary>
    /// <param name="node">The node that it listens to.</param>
    /// <param name="capture">The capture.</param>
    /// <param name="beside">What else runs as long as it does.</param>
    public void Add(string node, ICapture capture, Func<CancellationToken, Task> beside)
    {
        lock (_lock)
        {
            _parts.Add(node, new Part(capture, beside));
        }

        _changed.Set();
    }

    /// <summary>Ends the capture of a node.</summary>
    public async ValueTask RemoveAsync(string node)
    {
        Part? part;
        lock (_lock)
        {
            _ = _parts.Remove(node, out part);
        }

        if (part is not null)
        {
            part.End.Cancel();
            await part.EndedAsync();
            await part.Capture.DisposeAsync();
        }
    }

    /// <inheritdoc/>
    public ValueTask ArmAsync(CancellationToken stop) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        using var stopping = stop.Register(_changed.Set);
        while (true)
        {
            var changed = _changed.Next();
            var parts = Parts();
            foreach (var part in parts)
            {
                part.Begin();
            }

            if (stop.IsCancellationRequested)
            {
                await EndAllAsync(parts);
                return;
            }

            var ended = await Task.WhenAny(parts.Select(static part => part.Running).Append(changed));
            if (ended.IsFaulted)
            {
                await EndAllAsync(parts);
                await ended;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop)
    {
        foreach (var part in Parts())
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, part.End.Token);
            try
            {
                await part.Capture.CatchUpAsync(either.Token);
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                // It was taken out meanwhile, and a gap stands for what it has not heard.
                continue;
            }
        }
    }

    /// <inheritdoc/>
    public async Task SeesAsync(byte[] probe, CancellationToken stop) =>
        await await Task.WhenAny(Parts().Select(part => part.Capture.SeesAsync(probe, stop)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in Parts())
        {
            await part.Capture.DisposeAsync();
        }
    }

    private Part[] Parts()
    {
        lock (_lock)
        {
            return [.. _parts.Values];
        }
    }

    private static async Task EndAllAsync(Part[] parts)
    {
        foreach (var part in parts)
        {
            part.End.Cancel();
        }

        foreach (var part in parts)
        {
            await part.EndedAsync();
        }
    }

    /// <summary>The capture of one node.</summary>
    private sealed class Part(ICapture capture, Func<CancellationToken, Task> beside)
    {
        private readonly TaskCompletionSource _neverBegun = new();
        private Task? _running;

        public ICapture Capture => capture;

        /// <summary>Cancelled when the capture is to end.</summary>
        public CancellationTokenSource End { get; } = new();

        public Task Running => _running ?? _neverBegun.Task;

        public void Begin() => _running ??= RunAsync();

        /// <summary>Waits for the end; a failure is told by whoever runs the whole.</summary>
        public async Task EndedAsync()
        {
            if (_running is { } running)
            {
                await Task.WhenAny(running);
            }
        }

        private async Task RunAsync()
        {
            var capturing = capture.RunAsync(End.Token);
            var besides = beside(End.Token);
            if ((await Task.WhenAny(capturing, besides)).IsFaulted)
            {
                End.Cancel();
            }

            await Task.WhenAll(capturing, besides);
        }
    }
}
