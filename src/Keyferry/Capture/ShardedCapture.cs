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
    private readonly Dictionary<string, CapturePart> _parts = [];
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
            _parts.Add(node, new CapturePart(capture, beside));
        }

        _changed.Set();
    }

    /// <summary>Ends the capture of a node.</summary>
    public async ValueTask RemoveAsync(string node)
    {
        CapturePart? part;
        lock (_lock)
        {
            _ = _parts.Remove(node, out part);
        }

        if (part is not null)
        {
            await part.CloseAsync();
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
            try
            {
                await part.AskAsync(static (capture, until) => capture.CatchUpAsync(until).AsTask(), stop);
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
        await await Task.WhenAny(Parts().Select(part => part.AskAsync((capture, until) => capture.SeesAsync(probe, until), stop)));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in Parts())
        {
            await part.CloseAsync();
        }
    }

    private CapturePart[] Parts()
    {
        lock (_lock)
        {
            return [.. _parts.Values];
        }
    }

    private static Task EndAllAsync(CapturePart[] parts) => Task.WhenAll(parts.Select(static part => part.EndAsync()));
}
