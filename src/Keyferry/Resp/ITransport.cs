namespace Keyferry.Resp;

/// <summary>One open byte stream to one server: a socket, a TLS session, or an in-memory pair in the simulation.</summary>
/// <remarks>
/// <para><b>Concurrency.</b> One receiver and one sender at a time; the two may run at once. <see cref="Reset"/> may be called by anybody at
/// any time and makes both fail soon after.</para>
/// </remarks>
internal interface ITransport : IAsyncDisposable
{
    /// <summary>Receives at least one byte; 0 means that the peer has closed its side.</summary>
    /// <exception cref="IOException">The stream broke or was reset.</exception>
    ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop);

    /// <summary>Sends all of <paramref name="bytes"/>. Returning says that the bytes are on their way, not that they arrived.</summary>
    /// <exception cref="IOException">The stream broke or was reset.</exception>
    ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop);

    /// <summary>Drops the stream abruptly (a TCP reset), so that what the peer has not yet executed is less likely to be executed later.</summary>
    void Reset();
}
