using System.Net;
using System.Net.Sockets;
using System.Text;
using Keyferry.Cli.Output;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Commands;

/// <summary>What an operator can get wrong: a clear error with a remedy, the right exit code, and nothing changed on either side.</summary>
public sealed class WrongInputTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-wrong-").FullName;
    private RedisServer? _source;
    private RedisServer? _target;

    private RedisServer Source => _source ?? throw new InvalidOperationException("not started");

    private RedisServer Target => _target ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        _source = await RedisServer.StartAsync(ServerKind.Machine);
        _target = await RedisServer.StartAsync(ServerKind.Machine);
        await Source.CommandAsync("SET", "k", "v");
        await Source.SetFlagsAsync("Ex");
    }

    public async ValueTask DisposeAsync()
    {
        await (_source?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_target?.DisposeAsync() ?? ValueTask.CompletedTask);
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("http://host:6379", "http://")]
    [InlineData("redis://host:99999", "port")]
    [InlineData("redis://host:6379/many", "database")]
    [InlineData("redis://", "host")]
    public async Task A_URI_that_is_none(string uri, string names) => await AssertFailsAsync(uri, Target.Uri, ExitCodes.Usage, names);

    [Fact]
    public async Task A_password_where_the_server_has_none() =>
        await AssertFailsAsync($"redis://:secretword@127.0.0.1:{Source.Port}", Target.Uri, ExitCodes.Unreachable, "password");

    [Fact]
    public async Task A_wrong_password()
    {
        await using var locked = await RedisServer.StartAsync(ServerKind.Machine);
        await locked.CommandAsync("ACL", "SETUSER", "app", "on", ">right", "~*", "+@all");
        await AssertFailsAsync($"redis://app:secretword@127.0.0.1:{locked.Port}", Target.Uri, ExitCodes.Unreachable, "password");
    }

    [Fact]
    public async Task No_password_where_one_is_wanted()
    {
        await using var locked = await RedisServer.StartAsync(ServerKind.Machine);
        await locked.CommandAsync("CONFIG", "SET", "requirepass", "right");
        await AssertFailsAsync(locked.Uri, Target.Uri, ExitCodes.Unreachable, "--source-password-file");
    }

    [Fact]
    public async Task No_such_host() =>
        await AssertFailsAsync("redis://no-such-host.invalid:6379", Target.Uri, ExitCodes.Unreachable, "not known");

    [Fact]
    public async Task Nothing_listens_there()
    {
        var free = FreePortNumber();
        await AssertFailsAsync(Source.Uri, $"redis://127.0.0.1:{free}", ExitCodes.Unreachable, "nothing listens");
    }

    [Fact]
    public async Task TLS_to_a_plain_port() =>
        await AssertFailsAsync($"rediss://127.0.0.1:{Source.Port}", Target.Uri, ExitCodes.Unreachable, "redis://");

    [Fact]
    public async Task A_server_that_is_loading()
    {
        using var stop = new CancellationTokenSource();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener, "-LOADING Redis is loading the dataset in memory\r\n", stop.Token);
        await AssertFailsAsync(
            $"redis://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}",
            Target.Uri,
            ExitCodes.Unreachable,
            "reading its data"
        );
        await stop.CancelAsync();
        await answering;
    }

    [Fact]
    public async Task A_target_that_cannot_hold_what_the_source_has()
    {
        await using var rich = await RedisServer.StartAsync(ServerKind.Redis80);
        await rich.CommandAsync("HSET", "hash", "a", "1");
        await rich.CommandAsync("HEXPIRE", "hash", "1000", "FIELDS", "1", "a");
        await AssertFailsAsync(rich.Uri, Target.Uri, ExitCodes.Refused, "expiries of hash fields");
    }

    [Fact]
    public async Task A_read_only_replica_as_target()
    {
        await using var primary = await RedisServer.StartAsync(ServerKind.Machine);
        await Target.CommandAsync("REPLICAOF", "127.0.0.1", primary.Port);
        await AssertFailsAsync(Source.Uri, Target.Uri, ExitCodes.Refused, $"127.0.0.1:{primary.Port}");
    }

    [Fact]
    public async Task A_source_that_has_lost_its_primary()
    {
        await Source.CommandAsync("REPLICAOF", "127.0.0.1", 1);
        await AssertFailsAsync(Source.Uri, Target.Uri, ExitCodes.Refused, "master_link_status:down");
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Refused, await line.RunAsync(["doctor", Source.Uri]));
        Assert.Contains("master_link_status:down", line.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("99:0")]
    [InlineData("0,16")]
    public async Task A_database_that_the_source_does_not_have(string databases) =>
        await AssertFailsAsync(Source.Uri, Target.Uri, ExitCodes.Refused, "source has no database", more: ["--databases", databases]);

    [Fact]
    public async Task A_sentinel_for_its_server_and_a_server_for_its_sentinel()
    {
        await using var sentinel = await RedisServer.StartSentinelAsync(Source.Port);
        await AssertFailsAsync(sentinel.Uri, Target.Uri, ExitCodes.Usage, $"redis+sentinel://127.0.0.1:{sentinel.Port}/SERVICE");
        await AssertFailsAsync(Source.Uri, sentinel.Uri, ExitCodes.Usage, "is a sentinel");
        await AssertFailsAsync(
            $"redis+sentinel://127.0.0.1:{Target.Port}/mymaster",
            Target.Uri,
            ExitCodes.Unreachable,
            "That is no sentinel"
        );
        await AssertFailsAsync(
            $"redis+sentinel://127.0.0.1:{sentinel.Port}/another",
            Target.Uri,
            ExitCodes.Unreachable,
            "No such master with that name"
        );
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Usage, await line.RunAsync(["verify", Source.Uri, sentinel.Uri]));
        Assert.Contains("is a sentinel", line.Error, StringComparison.Ordinal);
        using var doctor = new CommandLine();
        Assert.NotEqual(ExitCodes.Ok, await doctor.RunAsync(["doctor", sentinel.Uri]));
        Assert.Contains("is a sentinel", doctor.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cluster_of_which_some_slots_have_no_owner()
    {
        await using var node = await RedisServer.StartAsync(ServerKind.Machine, "--cluster-enabled", "yes");
        await RedisCluster.AskAsync(node, "CLUSTER", "ADDSLOTSRANGE", "0", "16000", "16100", "16383");
        await AssertFailsAsync(node.Uri, Target.Uri, ExitCodes.Refused, "has no owner for 99 of its slots (16001-16099)");
        await AssertFailsAsync(Source.Uri, node.Uri, ExitCodes.Refused, "has no owner for 99 of its slots (16001-16099)");
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Refused, await line.RunAsync(["verify", Source.Uri, node.Uri]));
        Assert.Contains("has no owner for 99 of its slots", line.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_target_that_has_keys()
    {
        await Target.CommandAsync("SET", "mine", "1");
        await AssertFailsAsync(Source.Uri, Target.Uri, ExitCodes.Refused, "already has 1 keys", targetKeys: 1);
    }

    [Fact]
    public async Task The_same_server_twice() => await AssertFailsAsync(Source.Uri, Source.Uri, ExitCodes.Refused, "same server");

    [Fact]
    public async Task A_database_that_the_source_has_not() =>
        await AssertFailsAsync($"{Source.Uri}/99", Target.Uri, ExitCodes.Refused, "no database 99");

    [Fact]
    [Trait("Needs", "Program")]
    public async Task A_resume_that_would_reach_further_than_the_run_did()
    {
        var work = Path.Combine(_folder, "run");
        await Target.CommandAsync("SET", "mine", "1");
        await using (
            var killed = Programs.KeyferryProgram.Start("migrate", $"{Source.Uri}/0", $"{Target.Uri}/5", "--work-dir", work, "--plain")
        )
        {
            await killed.WaitForAsync("phase following", TimeSpan.FromSeconds(60));
            await killed.KillAsync();
        }

        using var line = new CommandLine();
        var code = await line.RunAsync("migrate", Source.Uri, Target.Uri, "--resume", "--until-idle", "1s", "--work-dir", work);
        Assert.True(code == ExitCodes.Usage, line.Out + line.Error);
        Assert.Contains("/5", line.Error, StringComparison.Ordinal);
        Assert.Equal("1", (string?)await Target.CommandAsync("GET", "mine"));
    }

    [Fact]
    public async Task Live_only_leaves_what_was_there_before()
    {
        using var line = new CommandLine();
        var code = await line.RunAsync([
            "migrate",
            Source.Uri,
            Target.Uri,
            "--mode",
            "live-only",
            "--until-idle",
            "1s",
            "--work-dir",
            Path.Combine(_folder, "work"),
        ]);
        Assert.True(code == ExitCodes.Differences, $"exit {code}\n{line.Out}{line.Error}");
        Assert.Equal(0, (long)await Target.CommandAsync("DBSIZE"));
    }

    private static int FreePortNumber()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private static async Task AnswerAsync(TcpListener listener, string reply, CancellationToken stop)
    {
        try
        {
            while (true)
            {
                using var client = await listener.AcceptTcpClientAsync(stop);
                var buffer = new byte[1024];
                while (await client.GetStream().ReadAsync(buffer, stop) > 0)
                {
                    await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(reply), stop);
                }
            }
        }
        catch (Exception over) when (over is OperationCanceledException or IOException)
        {
            return;
        }
    }

    private async Task AssertFailsAsync(string source, string target, int exit, string says, int targetKeys = 0, string[]? more = null)
    {
        using var line = new CommandLine();
        var code = await line.RunAsync([
            .. (string[])["migrate", source, target, "--work-dir", Path.Combine(_folder, "work"), "--command-timeout", "2s"],
            .. more ?? [],
        ]);
        Assert.True(code == exit, $"exit {code}\n{line.Out}{line.Error}");
        Assert.Contains(says, line.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("what to do:", line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("secretword", line.Out + line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", line.Error, StringComparison.Ordinal);
        Assert.Equal("xE", await Source.FlagsAsync());
        Assert.Equal(1, (long)await Source.CommandAsync("DBSIZE"));
        Assert.Equal(targetKeys, (long)await Target.CommandAsync("DBSIZE"));
    }
}
