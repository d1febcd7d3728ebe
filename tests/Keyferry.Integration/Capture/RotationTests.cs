using System.Text;
using Keyferry.Capture;
using Keyferry.Contracts;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Replicas;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
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
        var sink = new HeardChanges();
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
        // The server learns a moment later that a connection was ended.
        await ReplicatedSource.UntilAsync(async () => await CapturesAsync() == 1);
        await end.CancelAsync();
        await running;

        Assert.Empty(sink.Losses);
        Assert.All(Enumerable.Range(0, written), i => Assert.True(sink.Times($"turn:{i}") > 0, $"turn:{i} of {written}"));

        async Task<int> CapturesAsync() =>
            ((string?)await client.GetDatabase().ExecuteAsync("CLIENT", "LIST") ?? "")
                .Split('\n')
                .Count(static line => line.Contains("capture", StringComparison.Ordinal));

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
        var sink = new HeardChanges();
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

    /// <summary>What <c>--capture-max-age</c> asks for, seen from outside: the connection is another one again and again, nothing is missed, and there is no gap.</summary>
    [Theory]
    [InlineData(CaptureKind.Notifications, false)]
    [InlineData(CaptureKind.Tracking, false)]
    [InlineData(CaptureKind.Notifications, true)]
    public async Task A_run_replaces_its_connections_without_a_gap(CaptureKind kind, bool redundant)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        var options = new MigrationOptions
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Capture = kind,
            RedundantCapture = redundant,
            CaptureMaximumAge = TimeSpan.FromSeconds(1),
        };
        using var run = EngineRun.Start(options, Stop);
        await run.ReachAsync(Phase.Following, Stop);
        HashSet<string> connections = [];
        for (var written = 0; connections.Count < 4 || written < 300; written++)
        {
            await client.GetDatabase().StringSetAsync($"turn:{written}", "v");
            connections.UnionWith(CaptureIds((string?)await client.GetDatabase().ExecuteAsync("CLIENT", "LIST") ?? ""));
            await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
        }

        await run.FinishAsync();
        var report = await run.Ended;

        Assert.Equal(Verdict.Equal, report.Verdict);
        Assert.True(run.Run.Progress.Gaps == 0, run.Log.ToString());
    }

    private static IEnumerable<string> CaptureIds(string clients) =>
        clients
            .Split('\n')
            .Where(static line => line.Contains(":capture ", StringComparison.Ordinal))
            .Select(static line => line.Split(' ')[0]);

    private static async ValueTask<ICaptureDialect> NotificationsAsync(ServerConnector connector, IChangeSink sink)
    {
        var flags = new NotificationSwitch(connector, new MemoryRunStore(TimeProvider.System), run: 1);
        return new NotificationDialect(
            connector,
            new HearingTrial(flags, sink, TimeProvider.System),
            (await flags.EnsureAsync(Stop)).Family
        );
    }

    private static TrackingDialect Tracking(ServerConnector connector)
    {
        var dialect = new TrackingDialect(connector);
        _ = dialect.UseDatabase(0);
        return dialect;
    }
}
