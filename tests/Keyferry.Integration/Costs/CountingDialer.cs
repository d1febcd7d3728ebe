using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Integration.Costs;

/// <summary>Real connections that count what goes through them: about one system call for each send and each receive.</summary>
internal sealed class CountingDialer(int sourcePort) : IDialer
{
    private readonly SocketDialer _dialer = new(TimeSpan.FromSeconds(10), TimeProvider.System);
    private long _sourceBytes;
    private long _targetBytes;
    private long _sends;
    private long _receives;

    public long SourceBytes => Interlocked.Read(ref _sourceBytes);

    public long TargetBytes => Interlocked.Read(ref _targetBytes);

    public long Sends => Interlocked.Read(ref _sends);

    public long Receives => Interlocked.Read(ref _receives);

    /// <inheritdoc/>
    public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop) =>
        new Counting(await _dialer.DialAsync(endpoint, stop), this, endpoint.Port == sourcePort);

    private void Count(int bytes, bool source) => Interlocked.Add(ref source ? ref _sourceBytes : ref _targetBytes, bytes);

    private sealed class Counting(ITransport inner, CountingDialer counts, bool source) : ITransport
    {
        // A state machine for each receive that has to wait would be counted as the engine's own allocation: the pooled builder keeps it.
        [System.Runtime.CompilerServices.AsyncMethodBuilder(typeof(System.Runtime.CompilerServices.PoolingAsyncValueTaskMethodBuilder<>))]
        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
        {
            Interlocked.Increment(ref counts._receives);
            var received = await inner.ReceiveAsync(buffer, stop);
            counts.Count(received, source);
            return received;
        }

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            Interlocked.Increment(ref counts._sends);
            counts.Count(bytes.Length, source);
            return inner.SendAsync(bytes, stop);
        }

        public void Reset() => inner.Reset();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
