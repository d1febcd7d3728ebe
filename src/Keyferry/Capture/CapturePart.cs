using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>One capture of several, which may be taken out while others are asking it.</summary>
/// <remarks>
/// <b>Promises.</b> It is disposed of only when it has ended and nobody asks it any more. <b>Concurrency.</b> Anybody may ask; one at a time begins and closes.
/// </remarks>
/// <param name="capture">The capture; it is disposed of with the part.</param>
/// <param name="beside">What else runs as long as it does.</param>
internal sealed class CapturePart(ICapture capture, Func<CancellationToken, Task>? beside = null)
{
    private readonly Lock _lock = new();
    private readonly TaskCompletionSource _neverBegun = new();
    private readonly Pulse _left = new();
    private Task? _running;
    private int _asking;
    private bool _isClosed;

    /// <summary>The capture.</summary>
    public ICapture Capture => capture;

    /// <summary>Completes when the capture has ended; not before it has begun.</summary>
    public Task Running => _running ?? _neverBegun.Task;

    /// <summary>Ends it. It has no timer, so that nothing is to be disposed of; whoever ends the whole may come at the same time as whoever takes this one out.</summary>
    private CancellationTokenSource End { get; } = new();

    /// <summary>Lets it run, once.</summary>
    public void Begin() => _running ??= RunAsync();

    /// <summary>Asks the capture.</summary>
    /// <exception cref="OperationCanceledException">The part was ended before there was an answer.</exception>
    public async Task AskAsync(Func<ICapture, CancellationToken, Task> ask, CancellationToken stop)
    {
        lock (_lock)
        {
            if (_isClosed)
            {
                throw new OperationCanceledException(End.Token);
            }

            _asking++;
        }

        try
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, End.Token);
            await ask(capture, either.Token);
        }
        finally
        {
            lock (_lock)
            {
                _asking--;
            }

            _left.Set();
        }
    }

    /// <summary>Ends it; a failure is told by whoever runs the whole.</summary>
    public async Task EndAsync()
    {
        End.Cancel();
        if (_running is { } running)
        {
            await Task.WhenAny(running);
        }
    }

    /// <summary>Ends it and disposes of it, when everybody who asked has left.</summary>
    public async ValueTask CloseAsync()
    {
        await EndAsync();
        while (true)
        {
            var left = _left.Next();
            lock (_lock)
            {
                _isClosed = true;
                if (_asking == 0)
                {
                    break;
                }
            }

            await left;
        }

        await capture.DisposeAsync();
    }

    private async Task RunAsync()
    {
        var capturing = capture.RunAsync(End.Token);
        var besides = beside?.Invoke(End.Token) ?? capturing;
        if ((await Task.WhenAny(capturing, besides)).IsFaulted)
        {
            End.Cancel();
        }

        await Task.WhenAll(capturing, besides);
    }
}
