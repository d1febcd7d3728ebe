using System.Text;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Integration.Notifications;

/// <summary>Somebody aborts while CONFIG SET is on its way: it is executed, and put back all the same.</summary>
public sealed class AbortedWhileSettingTests
{
    [Fact]
    public async Task A_setting_that_arrives_late_is_put_back()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "Kx");
        using var store = new MemoryRunStore(TimeProvider.System);
        using var abort = new CancellationTokenSource();
        var dialer = new LateDialer(new SocketDialer(TimeSpan.FromSeconds(5), TimeProvider.System), abort);
        var connector = new ServerConnector(
            dialer,
            server.Endpoint,
            "source",
            new ConnectionSettings { RunName = "test" },
            TimeProvider.System
        );
        var flags = new NotificationSwitch(connector, store, run: 1);

        try
        {
            _ = await flags.EnsureAsync(abort.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.True(abort.IsCancellationRequested);
        }

        _ = await flags.RestoreAsync(TestContext.Current.CancellationToken);
        await dialer.Arrived.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        // The server has executed it by the time that it answers a later connection.
        await Task.Delay(100, TestContext.Current.CancellationToken);

        Assert.Equal("Kx", Letters((await server.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))[1].ToString()));
        Assert.Empty(store.OpenLeases());
    }

    private static string Letters(string text) => new([.. text.Order()]);

    /// <summary>Bytes of CONFIG SET take half a second to the server, and whoever sends them is asked to stop meanwhile.</summary>
    private sealed class LateDialer(SocketDialer inner, CancellationTokenSource abort) : IDialer
    {
        private readonly TaskCompletionSource _arrived = new();

        public Task Arrived => _arrived.Task;

        public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop) =>
            new LateTransport(await inner.DialAsync(endpoint, stop), this);

        private sealed class LateTransport(ITransport transport, LateDialer dialer) : ITransport
        {
            private Task _late = Task.CompletedTask;

            public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
            {
                if (
                    !dialer._arrived.Task.IsCompleted
                    && Encoding.ASCII.GetString(bytes.Span).Contains("\r\nSET\r\n", StringComparison.Ordinal)
                )
                {
                    _late = SendLateAsync(bytes.ToArray());
                    await dialer.CancelAsync();
                    return;
                }

                await transport.SendAsync(bytes, stop);
            }

            public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop) => transport.ReceiveAsync(buffer, stop);

            public void Reset() => transport.Reset();

            // What was handed to the network arrives, whether or not the sender is still there.
            public async ValueTask DisposeAsync()
            {
                _ = _late.ContinueWith(_ => transport.DisposeAsync().AsTask(), TaskScheduler.Default);
                await Task.Yield();
            }

            private async Task SendLateAsync(byte[] bytes)
            {
                await Task.Delay(500);
                await transport.SendAsync(bytes, CancellationToken.None);
                dialer._arrived.SetResult();
            }
        }

        private Task CancelAsync() => abort.CancelAsync();
    }
}
