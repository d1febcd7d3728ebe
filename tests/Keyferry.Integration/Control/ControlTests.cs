using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Keyferry.Cli.Control;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Control;

/// <summary>A migration is asked and told things from another process, as from another terminal.</summary>
[Trait("Needs", "Program")]
public sealed class ControlTests : TwoServers
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(30);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string SocketFile => Path.Combine(Folder, ControlSocket.FileName);

    [Fact]
    public async Task Paused_run_moves_nothing_until_it_is_resumed_and_ends_when_asked()
    {
        await using var run = await FollowAsync();
        var source = (await Source.ConnectAsync()).GetDatabase();
        var target = (await Target.ConnectAsync()).GetDatabase();

        Assert.StartsWith("paused", await AskAsync(0, "pause"), StringComparison.Ordinal);
        await source.StringSetAsync("late", "1");
        await Task.Delay(TimeSpan.FromMilliseconds(300), Stop);
        Assert.False(await target.KeyExistsAsync("late"));
        using (var status = JsonDocument.Parse(await AskAsync(0, "status", "--json")))
        {
            Assert.Equal("status", status.RootElement.GetProperty("type").GetString());
            Assert.Equal("following", status.RootElement.GetProperty("phase").GetString());
            Assert.Contains("paused by the operator", status.RootElement.GetProperty("held").GetString(), StringComparison.Ordinal);
            Assert.Equal(1, status.RootElement.GetProperty("counters").GetProperty("waiting").GetInt64());
        }

        Assert.StartsWith("the run goes on", await AskAsync(0, "resume"), StringComparison.Ordinal);
        await UntilAsync(() => target.KeyExistsAsync("late"));
        Assert.StartsWith("ending", await AskAsync(0, "finish"), StringComparison.Ordinal);
        Assert.True(await run.EndAsync(Budget) == 0, run.Output);
        Assert.Contains("EQUAL", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pace_is_shown_and_changed()
    {
        await using var run = await FollowAsync();

        Assert.StartsWith("pace: no limit", await AskAsync(0, "pace"), StringComparison.Ordinal);
        Assert.StartsWith(
            "pace: 5,000 keys/s, 20 MB/s, source latency 200 ms (was: no limit)",
            await AskAsync(0, "pace", "--keys", "5000", "--bytes", "20MB", "--latency", "200ms"),
            StringComparison.Ordinal
        );
        using (var status = JsonDocument.Parse(await AskAsync(0, "status", "--json")))
        {
            var pace = status.RootElement.GetProperty("pace");
            Assert.Equal(5000, pace.GetProperty("keysPerSecond").GetInt64());
            Assert.Equal(20_000_000, pace.GetProperty("bytesPerSecond").GetInt64());
            Assert.Equal(200, pace.GetProperty("latencyBudgetMs").GetDouble());
        }

        Assert.StartsWith(
            "pace: 5,000 keys/s, source latency 200 ms (was",
            await AskAsync(0, "pace", "--bytes", "0"),
            StringComparison.Ordinal
        );
        await UntilAsync(async () => (await AskAsync(0, "status")).Contains("the source takes", StringComparison.Ordinal));
        Assert.StartsWith("pace: no limit (was", await AskAsync(0, "pace", "off"), StringComparison.Ordinal);
        _ = await AskAsync(0, "finish");
        Assert.True(await run.EndAsync(Budget) == 0, run.Output);
    }

    [Fact]
    public async Task Paused_run_that_is_asked_to_end_moves_what_waits()
    {
        await using var run = await FollowAsync();
        _ = await AskAsync(0, "pause");
        await (await Source.ConnectAsync()).GetDatabase().StringSetAsync("late", "1");

        _ = await AskAsync(0, "finish");

        Assert.True(await run.EndAsync(Budget) == 0, run.Output);
        Assert.True(await (await Target.ConnectAsync()).GetDatabase().KeyExistsAsync("late"));
    }

    [Fact]
    public async Task Aborted_run_puts_back_and_leaves_no_socket()
    {
        await using var run = await FollowAsync();

        Assert.StartsWith("ending at once", await AskAsync(0, "abort"), StringComparison.Ordinal);

        Assert.True(await run.EndAsync(Budget) == 6, run.Output);
        Assert.Equal("", (string?)((RedisResult[]?)await Source.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1]);
        Assert.False(File.Exists(SocketFile));
        var afterwards = await AskAsync(4, "status");
        Assert.Contains("No migration runs in", afterwards, StringComparison.Ordinal);
        Assert.Contains("--resume", afterwards, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_follows_a_run_to_its_end()
    {
        await using var run = await FollowAsync();
        await using var watch = KeyferryProgram.Start("status", "--work-dir", Folder, "--watch");
        await watch.WaitForAsync("following", Budget);

        _ = await AskAsync(0, "finish");

        Assert.Equal(0, await watch.EndAsync(Budget));
        Assert.Equal(0, await run.EndAsync(Budget));
    }

    [Fact]
    public async Task Socket_is_its_owner_s_alone_and_survives_nonsense()
    {
        await using var run = await FollowAsync();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketFile));
        }

        Assert.Equal("", await SayAsync("nonsense\n"));
        Assert.Equal("", await SayAsync(new string('x', 5000)));
        Assert.Contains("does not know the request", await SayAsync("""{"verb":"dance"}""" + "\n"), StringComparison.Ordinal);
        Assert.Contains("following", await AskAsync(0, "status"), StringComparison.Ordinal);
        _ = await AskAsync(0, "finish");
        Assert.Equal(0, await run.EndAsync(Budget));
    }

    [Fact]
    public async Task Socket_that_a_killed_run_has_left_is_no_run()
    {
        await using (var run = await FollowAsync())
        {
            await run.KillAsync();
        }

        Assert.True(File.Exists(SocketFile));
        Assert.Contains("No migration runs in", await AskAsync(4, "pause"), StringComparison.Ordinal);
        await using var again = await FollowAsync("--resume");
        Assert.Contains("following", await AskAsync(0, "status"), StringComparison.Ordinal);
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        patience.CancelAfter(Budget);
        while (!await holds())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), patience.Token);
        }
    }

    private async Task<KeyferryProgram> FollowAsync(params string[] more)
    {
        var run = KeyferryProgram.Start(["migrate", Source.Uri, Target.Uri, "--work-dir", Folder, .. more]);
        await run.WaitForAsync("phase following", Budget);
        return run;
    }

    /// <summary>What the command says, whichever output it says it on.</summary>
    private async Task<string> AskAsync(int code, params string[] command)
    {
        await using var asking = KeyferryProgram.Start([.. command, "--work-dir", Folder]);
        Assert.True(await asking.EndAsync(Budget) == code, asking.Output);
        return asking.Output;
    }

    private async Task<string> SayAsync(string text)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketFile), Stop);
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), Stop);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        try
        {
            return await reader.ReadToEndAsync(Stop);
        }
        catch (IOException)
        {
            // Closed with something unread.
            return "";
        }
    }
}
