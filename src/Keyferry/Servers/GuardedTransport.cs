using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>A byte stream that sends nothing before something was made sure of.</summary>
/// <param name="inner">The stream.</param>
internal sealed class GuardedTransport(ITransport inner) : ITransport
{
    /// <summary>Asked before each sending; throws <see cref="IOException"/> where nothing may be sent. <see langword="null"/> until there is something to make sure of.</summary>
    public Func<CancellationToken, ValueTask>? Before { get; set; }

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop) => inner.ReceiveAsync(buffer, stop);

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        if (Before is { } makeSure)
        {
            await makeSure(stop);
        }

        await inner.SendAsync(bytes, stop);
    }

    /// <inheritdoc/>
    public void Reset() => inner.Reset();

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
