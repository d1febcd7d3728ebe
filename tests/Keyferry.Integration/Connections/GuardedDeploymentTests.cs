using Keyferry.Cli.Output;
using Keyferry.Integration.Clusters;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Connections;

/// <summary>Clusters and sentinels behind TLS and passwords, sentinels with other ones than the servers among them.</summary>
public sealed class GuardedDeploymentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-guarded-").FullName;
    private readonly TestAuthority _authority;

    public GuardedDeploymentTests() => _authority = new TestAuthority(_folder, "ours");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>The machine's own servers, and the newest of each family.</summary>
    public static TheoryData<ServerKind> Kinds => [ServerKind.Machine, ServerMatrix.NewestRedis, ServerMatrix.NewestValkey];

    /// <summary>The same; all but one take part in the long tests alone.</summary>
    public static TheoryData<ServerKind> MostlyLong =>
        [LongRow(ServerKind.Machine), LongRow(ServerMatrix.NewestRedis), new TheoryDataRow<ServerKind>(ServerMatrix.NewestValkey)];

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [MemberData(nameof(MostlyLong))]
    public async Task A_cluster_that_speaks_TLS_is_followed_through_a_failover(ServerKind kind)
    {
        await using var source = await RedisCluster.StartTlsAsync(kind, 2, 1, _authority.Arguments());
        await using var target = await RedisCluster.StartTlsAsync(kind, 2, 0, _authority.Arguments());
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await new Filler(left, new KeySpace(Seed: 701, Count: 500)).FillAsync(Stop);
        var options = new MigrationOptions { Source = InTls(source.Endpoint), Target = InTls(target.Endpoint) };
        using var run = EngineRun.Start(options, Stop);
        await run.ReachAsync(Phase.Following, Stop);

        await source.FailOverAsync(0);
        _ = await RedisCluster.AskAsync(source.Nodes[0], "-c", "SET", "afterwards", "1");
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        var comparison = await new ServerComparison(left, right, TimeSpan.FromMilliseconds(5)).RunAsync(Stop);
        Assert.True(comparison.AreEqual, $"{comparison}\n{run.Log}");
        Assert.Equal("1", await RedisCluster.AskAsync(target.Nodes[0], "-c", "GET", "afterwards"));
    }

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(Kinds))]
    public async Task Servers_that_speak_TLS_are_found_by_their_sentinel_and_followed_through_a_failover(ServerKind kind)
    {
        await using var source = await SentinelPair.StartAsync(new SentinelTerrain(kind, _authority));
        await using var target = await RedisServer.StartAsync(kind);
        _ = await source.Primary.CommandAsync("SET", "before", "1");
        var options = new MigrationOptions { Source = InTls(source.Endpoint), Target = target.Endpoint };
        using var run = EngineRun.Start(options, Stop);
        await run.ReachAsync(Phase.Following, Stop);

        await source.FailOverAsync();
        _ = await source.Replica.CommandAsync("SET", "afterwards", "1");
        await run.FinishAsync();
        var report = await run.Ended.WaitAsync(TimeSpan.FromSeconds(90), Stop);

        Assert.True(report.Verdict == Verdict.Equal, $"{report.Verdict}: {string.Join("; ", report.Reasons)}\n{run.Log}");
        // What a failover loses on the source is gone from the target, too, and both are equal: so that is looked at first.
        var (onSource, onTarget) = (await KeysAsync(source.Replica), await KeysAsync(target));
        Assert.True(onSource == "afterwards before", $"{onSource} on the source\n{source.Replica.Log}");
        Assert.True(onTarget == onSource, $"{onTarget} on the target, {onSource} on the source\n{run.Log}\n{source.Replica.Log}");
    }

    /// <summary>The usual mix, as a user types it: servers with TLS and a password, behind a sentinel that has neither.</summary>
    [Fact]
    public async Task A_plain_sentinel_without_a_password_leads_to_servers_with_TLS_and_a_password()
    {
        await using var source = await SentinelPair.StartAsync(
            new SentinelTerrain(Authority: _authority, PlainSentinel: true, Password: "pw")
        );
        await AssertMigratedAsync(source);
        var (code, said) = await MigrateAsync(source.Uri.Split('?')[0], "other", "--connect-timeout", "2s", "--command-timeout", "2s");
        Assert.True(code == ExitCodes.Unreachable, said);
        Assert.Contains("?sentinels=plain", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sentinel_may_have_a_password_of_its_own()
    {
        await using var source = await SentinelPair.StartAsync(
            new SentinelTerrain(Authority: _authority, Password: "pw", SentinelPassword: "own")
        );
        var file = Path.Combine(_folder, "sentinel.password");
        await File.WriteAllTextAsync(file, "own\n", Stop);
        await AssertMigratedAsync(source, "--source-sentinel-password-file", file);
        var (code, said) = await MigrateAsync(source.Uri, "other");
        Assert.True(code == ExitCodes.Unreachable, said);
        Assert.Contains("--source-sentinel-password-file", said, StringComparison.Ordinal);
        Assert.DoesNotContain("own\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sentinel_may_have_the_password_of_the_servers()
    {
        await using var source = await SentinelPair.StartAsync(
            new SentinelTerrain(Authority: _authority, Password: "pw", SentinelPassword: "pw")
        );
        await AssertMigratedAsync(source);
    }

    private static TheoryDataRow<ServerKind> LongRow(ServerKind kind) => new(kind) { Traits = { ["Category"] = ["Long"] } };

    private static async Task<string> KeysAsync(RedisServer server) =>
        string.Join(' ', (await RedisCluster.AskAsync(server, "KEYS", "*")).Split('\n', StringSplitOptions.TrimEntries).Order());

    private async Task AssertMigratedAsync(SentinelPair source, params string[] options)
    {
        var (code, said) = await MigrateAsync(source.Uri, "work", options);
        Assert.True(code == ExitCodes.Ok, said);
        Assert.Contains("EQUAL", said, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Said)> MigrateAsync(string uri, string work, params string[] options)
    {
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        using var line = new CommandLine();
        line.Variables["KEYFERRY_SOURCE_PASSWORD"] = "pw";
        line.Variables["KEYFERRY_SOURCE_TLS_CA"] = _authority.File;
        var code = await line.RunAsync([
            .. (string[])["migrate", uri, target.Uri, "--until-idle", "300ms", "--work-dir", Path.Combine(_folder, work)],
            .. options,
        ]);
        return (code, $"{line.Out}\n{line.Error}");
    }

    private Endpoint InTls(Endpoint endpoint) =>
        endpoint with
        {
            Tls = true,
            TlsTerms = new TlsTerms { AuthorityFile = _authority.File },
        };
}
