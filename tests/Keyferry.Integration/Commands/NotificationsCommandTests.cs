using System.Runtime.InteropServices;
using System.Text.Json;
using Keyferry.Cli.Output;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Commands;

public sealed class NotificationsCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-notifications-").FullName;

    private string Work => Path.Combine(_folder, "work");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("", ExitCodes.NotProved, "sends nothing at all")]
    [InlineData("Ex", ExitCodes.NotProved, "Missing for a live migration: g$lshzetd")]
    [InlineData("KEA", ExitCodes.Ok, "needs no more than that")]
    public async Task Status_tells_what_stands_there_and_what_is_missing(string flags, int code, string says)
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", flags);
        var (exit, text, _) = await RunAsync("notifications", "status", server.Uri);
        Assert.Equal(code, exit);
        Assert.Contains(says, text, StringComparison.Ordinal);
        Assert.Equal(0, (long)await server.CommandAsync("DBSIZE"));
        var (_, line, _) = await RunAsync("notifications", "status", server.Uri, "--json");
        using var json = JsonDocument.Parse(line);
        Assert.Equal(code == ExitCodes.Ok, json.RootElement.GetProperty("sufficient").GetBoolean());
    }

    [Theory]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public async Task Enabled_and_restored_it_is_as_it_was(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind, "--notify-keyspace-events", "Ex");
        var (enabled, before, _) = await RunAsync("notifications", "enable", server.Uri, "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, enabled);
        Assert.Contains("before: \"xE\"", before, StringComparison.Ordinal);
        Assert.Contains("proved", before, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("notifications", "enable", server.Uri, "--work-dir", Work)).Exit);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("notifications", "test", server.Uri)).Exit);

        var (restored, after, _) = await RunAsync("notifications", "restore", server.Uri, "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, restored);
        Assert.Contains("put back to \"xE\"", after, StringComparison.Ordinal);
        Assert.Equal("xE", await server.FlagsAsync());
        Assert.Contains(
            "nothing to put back",
            (await RunAsync("notifications", "restore", server.Uri, "--work-dir", Work)).Out,
            StringComparison.Ordinal
        );
        Assert.Equal(0, (long)await server.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task Restore_gets_in_with_credentials_that_were_not_recorded()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--requirepass", "s3cret-word");
        var uri = $"redis://:s3cret-word@127.0.0.1:{server.Port}";
        Assert.Equal(ExitCodes.Ok, (await RunAsync("notifications", "enable", uri, "--work-dir", Work)).Exit);
        foreach (var file in Directory.GetFiles(Work))
        {
            Assert.DoesNotContain(
                "s3cret-word",
                await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken),
                StringComparison.Ordinal
            );
        }

        var (locked, told, _) = await RunAsync("restore", "--work-dir", Work);
        Assert.Equal(ExitCodes.Unreachable, locked);
        Assert.Contains("not put back", told, StringComparison.Ordinal);

        var (restored, text, error) = await RunAsync("restore", uri, "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, restored);
        Assert.Contains("put back to \"\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret-word", text + error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("restore", "--work-dir", Work)).Exit);
    }

    [Fact]
    public async Task Restore_without_any_state_says_so_and_makes_none()
    {
        var (exit, text, _) = await RunAsync("restore", "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Contains("holds no state", text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Work));
    }

    [Fact]
    public async Task A_server_without_CONFIG_is_refused_with_the_way_round_and_tested_all_the_same()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "CONFIG", "");
        var (status, told, _) = await RunAsync("notifications", "status", server.Uri);
        Assert.Equal(ExitCodes.NotProved, status);
        Assert.Contains("parameter group", told, StringComparison.Ordinal);
        var (exit, _, error) = await RunAsync("notifications", "enable", server.Uri, "--work-dir", Work);
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains("what to do: On ElastiCache", error, StringComparison.Ordinal);
        var (tested, found, _) = await RunAsync("notifications", "test", server.Uri, "--json");
        Assert.Equal(ExitCodes.NotProved, tested);
        using var json = JsonDocument.Parse(found);
        Assert.Equal("g$lshztx", json.RootElement.GetProperty("missing").GetString());
    }

    [Fact]
    public async Task Nothing_there_is_unreachable()
    {
        foreach (var verb in new[] { "status", "test", "watch", "enable" })
        {
            string[] where = verb == "enable" ? ["--work-dir", Work] : [];
            var (exit, _, error) = await RunAsync(["notifications", verb, $"127.0.0.1:{FreePort.Take()}", .. where]);
            Assert.Equal(ExitCodes.Unreachable, exit);
            Assert.Contains("what to do: ", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Watch_prints_what_happens_until_it_is_asked_to_end()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "AK");
        using var line = new CommandLine();
        var watching = line.RunAsync("notifications", "watch", $"{server.Uri}/12");
        var client = await server.ConnectAsync();
        while (!line.Out.Contains("db12  set           a\\x0ab", StringComparison.Ordinal))
        {
            Assert.False(watching.IsCompleted, line.Error);
            await client.GetDatabase(0).StringSetAsync("elsewhere", "1");
            await client.GetDatabase(12).StringSetAsync("a\nb", "1");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        line.Signals.Take(PosixSignal.SIGINT);
        Assert.Equal(ExitCodes.Ok, await watching);
        Assert.DoesNotContain("elsewhere", line.Out, StringComparison.Ordinal);
    }

    private static async Task<(int Exit, string Out, string Error)> RunAsync(params string[] args)
    {
        using var line = new CommandLine();
        var exit = await line.RunAsync(args);
        return (exit, line.Out, line.Error);
    }
}
