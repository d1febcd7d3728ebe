using System.Text;
using Keyferry.Capture;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Integration.Capture;

/// <summary>A connection that is replaced while the source is written to loses nothing and is no gap, in both dialects.</summary>
public sealed class RotationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_change_is_missed_while_connections_take_turns(bool notifications)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        var sink = new CaptureContract.Heard();
        var connector = Connectors.To(server);
        var dialect = notifications ? await NotificationsAsync(connector, sink) : Tracking(connector);
        await using var capture = new RotatingCapture(
            () => new ListeningCapture(connector, dialect, sink, TimeSpan.FromSeconds(30), TimeProvider.System),
            maximumAge: null,
            TimeProvider.System
        );
        await capture.ArmAsync(Stop);
        using var end = new CancellationTokenSource();
        var running = capture.RunAsync(end.Token);
        var client = await server.ConnectAsync();
        var written = 0;
        using var enough = new CancellationTokenSource();
        var writing = WriteAsync();

        for (var i = 0; i < 8; i++)
        {
            await capture.RotateAsync(Stop);
        }

        await enough.CancelAsync();
        await writing;
        await capture.CatchUpAsync(Stop);
        var clients = (string?)await client.GetDatabase().ExecuteAsync("CLIENT", "LIST") ?? "";
        await end.CancelAsync();
        await running;

        Assert.Empty(sink.Losses);
        Assert.All(Enumerable.Range(0, written), i => Assert.True(sink.Times($"turn:{i}") > 0, $"turn:{i} of {written}"));
        Assert.Single(clients.Split('\n'), static line => line.Contains("capture", StringComparison.Ordinal));

        async Task WriteAsync()
        {
            while (!enough.IsCancellationRequested)
            {
                await client.GetDatabase().StringSetAsync($"turn:{written}", "v");
                written++;
            }
        }
    }

    [Fact]
    public async Task Flags_that_were_off_when_a_connection_took_its_turn_are_a_loss()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine);
        var sink = new CaptureContract.Heard();
        var connector = Connectors.To(server);
        var dialect = await NotificationsAsync(connector, sink);
        await using var capture = new RotatingCapture(
            () => new ListeningCapture(connector, dialect, sink, TimeSpan.FromSeconds(30), TimeProvider.System),
            maximumAge: null,
            TimeProvider.System
        );
        await capture.ArmAsync(Stop);
        using var end = new CancellationTokenSource();
        var running = capture.RunAsync(end.Token);

        _ = await server.CommandAsync("CONFIG", "SET", "notify-keyspace-events", "");
        _ = await server.CommandAsync("SET", "unheard", "1");
        await capture.RotateAsync(Stop);

        await end.CancelAsync();
        await running;
        Assert.Contains(sink.Losses, static loss => loss.Contains("flags had been changed", StringComparison.Ordinal));
    }

    private static async ValueTask<ICaptureDialect> NotificationsAsync(ServerConnector connector, IChangeSink sink)
    {
        var flags = new NotificationSwitch(connector, new MemoryRunStore(TimeProvider.System), run: 1);
        return new NotificationDialect(connector, flags, sink, (await flags.EnsureAsync(Stop)).Family);
    }

    private static TrackingDialect Tracking(ServerConnector connector)
    {
        var dialect = new TrackingDialect(connector);
        _ = dialect.UseDatabase(0);
        return dialect;
    }
}

public sealed class RotatingCaptureContractTests : CaptureContract
{
    internal override ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink) =>
        ValueTask.FromResult<ICapture>(
            new RotatingCapture(() => TrackingCaptureTests.Create(connector, sink), TimeSpan.FromMilliseconds(50), TimeProvider.System)
        );
}
