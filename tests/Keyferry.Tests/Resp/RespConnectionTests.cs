using Keyferry.Model;
using Keyferry.Resp;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Resp;

public sealed class RespConnectionTests
{
    [Fact]
    public async Task A_server_that_takes_nothing_is_lost_after_the_patience()
    {
        var time = new FakeTimeProvider();
        await using var connection = new RespConnection(
            new FullTransport(),
            new Endpoint { Host = "target" },
            time,
            TimeSpan.FromSeconds(15)
        );
        connection.Write("SET", "k", "v");
        var sending = connection.FlushAsync(TestContext.Current.CancellationToken).AsTask();

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.False(sending.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(10));

        var lost = await Assert.ThrowsAsync<IOException>(() =>
            sending.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)
        );
        Assert.Contains("taken nothing for 15 s", lost.Message, StringComparison.Ordinal);
    }

    /// <summary>Its buffers are full, and the other end reads nothing.</summary>
    private sealed class FullTransport : ITransport
    {
        private readonly TaskCompletionSource _reset = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
        {
            await _reset.Task.WaitAsync(stop);
            throw new IOException("reset");
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            await _reset.Task.WaitAsync(stop);
            throw new IOException("reset");
        }

        public void Reset() => _reset.TrySetResult();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
