using Keyferry.Capture;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Runs that hear of no changes: equality is not claimed while somebody writes.</summary>
public sealed class UnheardWriterTests
{
    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(800);

    [Fact]
    public async Task Two_marks_of_a_source_tell_a_write_from_an_expiry()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        await client.GetDatabase().StringSetAsync("short", "life", TimeSpan.FromMilliseconds(50));
        var connector = Connectors.To(source);
        var first = await SourceMark.TakeAsync(connector, stop);
        await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
        Assert.False(await client.GetDatabase().KeyExistsAsync("short"));
        var expired = await SourceMark.TakeAsync(connector, stop);
        await client.GetDatabase().StringSetAsync("key", "value");
        var written = await SourceMark.TakeAsync(connector, stop);

        Assert.Null(first.WrittenUntil(expired));
        Assert.Contains("was written to", expired.WrittenUntil(written), StringComparison.Ordinal);
        await client.GetDatabase().StringSetAsync("brief", "life", TimeSpan.FromMilliseconds(50));
        var before = await SourceMark.TakeAsync(connector, stop);
        await client.GetDatabase().StringSetAsync("key", "another value");
        await Task.Delay(TimeSpan.FromMilliseconds(100), stop);
        Assert.False(await client.GetDatabase().KeyExistsAsync("brief"));
        // One write and one expiry: the expiry must not hide the write.
        Assert.NotNull(before.WrittenUntil(await SourceMark.TakeAsync(connector, stop)));
        Assert.NotNull(expired.WrittenUntil(written with { RunId = "another" }));
        Assert.NotNull(expired.WrittenUntil(expired with { Saved = "later" }));
    }

    [Fact]
    public async Task A_snapshot_of_a_source_at_rest_is_equal()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        await client.GetDatabase().StringSetAsync("key", "value");
        using var run = EngineRun.Start(Options(source, target) with { Mode = MigrationMode.Snapshot }, stop);

        Assert.Equal(Verdict.Equal, (await run.Ended).Verdict);
    }

    [Fact]
    public async Task A_snapshot_of_a_source_that_is_written_to_is_not()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = WriteAsync(client.GetDatabase(), enough.Token);
        using var run = EngineRun.Start(Options(source, target) with { Mode = MigrationMode.Snapshot }, stop);

        var report = await run.Ended;
        await enough.CancelAsync();
        await writing;

        Assert.NotEqual(Verdict.Equal, report.Verdict);
        Assert.Contains(report.Reasons, static reason => reason.Contains("was written to", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Polling_is_not_idle_while_its_passes_find_changes()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = WriteAsync(client.GetDatabase(), enough.Token);
        // A pass comes more rarely than the run would need to call itself idle.
        using var run = EngineRun.Start(
            Options(source, target) with
            {
                Capture = CaptureKind.Polling,
                PollInterval = 2 * Idle,
                UntilIdle = Idle,
            },
            stop
        );
        await Task.Delay(8 * Idle, stop);

        Assert.False(run.Ended.IsCompleted, run.Log.ToString());
        await enough.CancelAsync();
        await writing;
        Assert.Equal(Verdict.Equal, (await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), stop)).Verdict);
    }

    [Fact]
    public async Task Polling_is_idle_although_equal_values_do_not_look_so()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        // Every server keeps the members of a large set in an order of its own, and without scripts payloads are compared.
        await client.GetDatabase().SetAddAsync("set", [.. Enumerable.Range(0, 2000).Select(static i => (RedisValue)$"member {i}")]);
        await client.GetDatabase().ExecuteAsync("ACL", "SETUSER", "default", "-eval", "-eval_ro", "-evalsha", "-evalsha_ro");

        using var run = EngineRun.Start(
            Options(source, target) with
            {
                Capture = CaptureKind.Polling,
                PollInterval = Idle,
                UntilIdle = 2 * Idle,
            },
            stop
        );

        Assert.Equal(Verdict.Equal, (await run.Ended.WaitAsync(TimeSpan.FromSeconds(60), stop)).Verdict);
    }

    private static MigrationOptions Options(RedisServer source, RedisServer target) =>
        new() { Source = source.Endpoint, Target = target.Endpoint };

    private static async Task WriteAsync(IDatabase database, CancellationToken stop)
    {
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await database.StringSetAsync($"key:{i % 10}", i);
        }
    }
}
