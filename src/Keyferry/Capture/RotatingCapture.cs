using Keyferry.Model;
using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>A capture whose connection is replaced from time to time without a gap: before a server closes it (credentials that expire, maintenance), a new one takes its place.</summary>
/// <remarks>
/// <para><b>The rule.</b> The new one listens, as the server has confirmed, before the old one is asked to catch up; only when that has heard everything up to then is it
/// closed. Meanwhile both hear the same changes, which is harmless. An old one that is lost before it has caught up says so, as ever: then there is a gap.</para>
/// <para><b>Concurrency.</b> As its parts: anybody may ask to catch up, or to rotate; rotations come one after the other.</para>
/// </remarks>
internal sealed class RotatingCapture : ICapture
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private readonly Func<ICapture> _create;
    private readonly TimeSpan? _maximumAge;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _rotating = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Pulse _changed = new();
    private readonly List<CapturePart> _parts = [];
    private CapturePart _present;

    /// <param name="create">Makes one capture; it is called again for each that takes the place of another.</param>
    /// <param name="maximumAge">How old a connection may grow; <see langword="null"/> to rotate only when asked to.</param>
    /// <param name="time">The clock of the run.</param>
    public RotatingCapture(Func<ICapture> create, TimeSpan? maximumAge, TimeProvider time)
    {
        (_create, _maximumAge, _time) = (create, maximumAge, time);
        _present = new CapturePart(create());
        _parts.Add(_present);
    }

    /// <inheritdoc/>
    public string Description => Present.Capture.Description;

    /// <inheritdoc/>
    public bool Listens => Present.Capture.Listens;

    /// <inheritdoc/>
    public long? HeardUpTo => Present.Capture.HeardUpTo;

    private CapturePart Present => Volatile.Read(ref _present);

    /// <inheritdoc/>
    public ValueTask ArmAsync(CancellationToken stop) => Present.Capture.ArmAsync(stop);

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stop)
    {
        Present.Begin();
        using var stopping = stop.Register(_changed.Set);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var aging = AgeAsync(ending.Token);
        try
        {
            while (!stop.IsCancellationRequested)
            {
                var changed = _changed.Next();
                var ended = await Task.WhenAny(Parts().Select(static part => part.Running).Append(changed));
                if (ended.IsFaulted)
                {
                    await ended;
                }
            }
        }
        finally
        {
            ending.Cancel();
            await aging;
            foreach (var part in Parts())
            {
                await part.EndAsync();
            }
        }
    }

    /// <summary>Lets a new connection take the place of the present one. Returns when the old one is closed.</summary>
    /// <exception cref="KeyferryException">The new one cannot listen; the old one goes on.</exception>
    /// <exception cref="IOException">The new one was lost; the old one goes on.</exception>
    public async ValueTask RotateAsync(CancellationToken stop)
    {
        await _rotating.WaitAsync(stop);
        try
        {
            var next = new CapturePart(_create());
            try
            {
                await next.Capture.ArmAsync(stop);
            }
            catch
            {
                await next.Capture.DisposeAsync();
                throw;
            }

            var old = Present;
            Take(next);
            try
            {
                // From here on the new one hears everything; what happened before may still be on its way to the old one.
                await old.Capture.CatchUpAsync(stop);
            }
            catch
            {
                await CloseAsync(next);
                throw;
            }

            Volatile.Write(ref _present, next);
            await CloseAsync(old);
        }
        finally
        {
            _ = _rotating.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask CatchUpAsync(CancellationToken stop) =>
        await OnPresentAsync(static (capture, until) => capture.CatchUpAsync(until).AsTask(), stop);

    /// <inheritdoc/>
    public Task SeesAsync(byte[] probe, CancellationToken stop) =>
        OnPresentAsync((capture, until) => capture.SeesAsync(probe, until), stop);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in Parts())
        {
            await part.CloseAsync();
        }

        _rotating.Dispose();
    }

    /// <summary>Asks the present capture; where it is replaced before it has answered, the one in its place.</summary>
    private async Task OnPresentAsync(Func<ICapture, CancellationToken, Task> ask, CancellationToken stop)
    {
        while (true)
        {
            var part = Present;
            try
            {
                await part.AskAsync(ask, stop);
                return;
            }
            catch (OperationCanceledException) when (!stop.IsCancellationRequested)
            {
                if (part == Present)
                {
                    // It has failed for good, which whoever runs the whole tells: nobody answers any more.
                    await Task.Delay(Timeout.InfiniteTimeSpan, _time, stop);
                }

                // What it had not heard when it was closed, the next one has.
            }
        }
    }

    private async Task AgeAsync(CancellationToken stop)
    {
        if (_maximumAge is not { } age)
        {
            return;
        }

        var pause = age;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(pause, _time, stop);
                await RotateAsync(stop);
                pause = age;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failed) when (failed is KeyferryException or IOException)
            {
                // The old one goes on as long as the server lets it; if that ends first, the loss is a gap like any other.
                pause = age / 10 > ShortestPause ? age / 10 : ShortestPause;
            }
        }
    }

    private void Take(CapturePart next)
    {
        lock (_lock)
        {
            _parts.Add(next);
        }

        next.Begin();
        _changed.Set();
    }

    private async ValueTask CloseAsync(CapturePart part)
    {
        lock (_lock)
        {
            _ = _parts.Remove(part);
        }

        _changed.Set();
        await part.CloseAsync();
    }

    private CapturePart[] Parts()
    {
        lock (_lock)
        {
            return [.. _parts];
        }
    }
}
