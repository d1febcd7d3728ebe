using System.Text;
using Keyferry.Contracts;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;
using Keyferry.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Capture;

/// <summary>The contract of the captures on a real server.</summary>
public sealed class RealCaptureTests : CaptureContract
{
    private protected override IReadOnlyList<string> Writes => [.. base.Writes, "PFADD k v", "GEOADD k 13 38 p", "SETBIT k 7 1"];

    private protected override async Task OnServerAsync(Func<ICaptureBench, Task> test)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        await test(new Bench(server, await server.ConnectAsync()));
    }

    private sealed class Bench(RedisServer server, ConnectionMultiplexer client) : ICaptureBench
    {
        private ConnectionMultiplexer _client = client;

        public ServerConnector Connector { get; } = Connectors.To(server);

        public TimeProvider Time => TimeProvider.System;

        public bool IsUndisturbed => false;

        public async Task ExecuteAsync(params byte[][] command) =>
            _ = await _client.GetDatabase().ExecuteAsync(Encoding.ASCII.GetString(command[0]), [.. command[1..]]);

        public async Task CutAsync()
        {
            _ = await server.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub");
            _ = await server.CommandAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
            // That was the application's connection as well.
            _client = await server.ConnectAsync();
        }

        public Task PassAsync(TimeSpan time) => Task.Delay(time, TestContext.Current.CancellationToken);
    }
}
