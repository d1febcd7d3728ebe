using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Identity;
using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Caches;
using Keyferry.Capture;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.State;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Aws.Tests.ElastiCache;

/// <summary>Users that prove themselves by IAM: a gate checks the tokens and cuts connections whose login is old, in seconds instead of hours.</summary>
[Collection(nameof(RealTimeCollection))]
public sealed class IamTests : IAsyncLifetime
{
    private static readonly TimeSpan _cut = TimeSpan.FromSeconds(4);
    private readonly AwsBench _bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData("Notifications")]
    [InlineData("Tracking")]
    public async Task Capture_logs_in_anew_before_it_is_cut_and_misses_nothing(string capture)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "AE");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var gate = new IamGate("shop", "app", source.Port, _cut, _bench.Aws.World.Certificate);
        var folder = Directory.CreateTempSubdirectory("keyferry-iam-");
        var options = new MigrationOptions
        {
            Source = Endpoint(gate, renewal: _cut / 2),
            Target = target.Endpoint,
            Capture = Enum.Parse<CaptureKind>(capture),
            WorkDirectory = folder.FullName,
        };
        using var store = new MemoryRunStore(TimeProvider.System);
        var run = new MigrationRun(
            options,
            new SocketDialer(TimeSpan.FromSeconds(10), TimeProvider.System),
            store,
            new Silent(),
            TimeProvider.System
        );
        using var finish = new CancellationTokenSource();
        var running = run.RunAsync(finish.Token, AwsBench.Stop);
        for (var number = 0; number < 40; number++)
        {
            _ = await source.CommandAsync("SET", $"key:{number}", number);
            await Task.Delay(200, AwsBench.Stop);
        }

        var progress = run.Progress;
        Assert.True(gate.Logins > 5, $"{gate.Logins} logins");
        await finish.CancelAsync();
        var report = await running;
        folder.Delete(recursive: true);
        Assert.Equal((Verdict.Equal, 0L), (report.Verdict, progress.Gaps));
    }

    [Fact]
    public async Task Wrong_user_is_turned_away()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var gate = new IamGate("shop", "other", source.Port, _cut, _bench.Aws.World.Certificate);
        var connector = new Servers.ServerConnector(
            new SocketDialer(TimeSpan.FromSeconds(10), TimeProvider.System),
            Endpoint(gate, TimeSpan.FromHours(11)),
            "source",
            new Servers.ConnectionSettings(),
            TimeProvider.System
        );
        var failed = await Assert.ThrowsAsync<KeyferryException>(async () => await connector.ConnectAsync("test", AwsBench.Stop));
        Assert.Equal(FailureKind.Unreachable, failed.Kind);
        Assert.DoesNotContain("X-Amz-Signature", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Gate_takes_what_others_have_signed_and_nothing_else()
    {
        const string Golden =
            "my-cache/?Action=connect&User=iam-user-01&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20260115%2Feu-north-1%2Felasticache%2Faws4_request"
            + "&X-Amz-Date=20260115T101112Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=26502b8eb37f48dcf15dd1c708f8b2b8af7837bb3ae2491c739e0a751a5df579";
        var at = new DateTimeOffset(2026, 1, 15, 10, 11, 12, TimeSpan.Zero);
        Assert.True(IamGate.IsGood(Golden, "my-cache", "iam-user-01", AwsServer.SecretKey, at.AddMinutes(14)));
        Assert.False(IamGate.IsGood(Golden, "my-cache", "iam-user-01", AwsServer.SecretKey, at.AddMinutes(16)));
        Assert.False(
            IamGate.IsGood(Golden.Replace("-01", "-02", StringComparison.Ordinal), "my-cache", "iam-user-02", AwsServer.SecretKey, at)
        );
    }

    [Fact]
    public async Task Each_login_gets_a_token_of_its_own_which_is_good_for_fifteen_minutes()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 1, 15, 10, 0, 0, TimeSpan.Zero));
        using var credentials = new CredentialSource(_bench.Surroundings with { Time = time }, AwsServer.Region);
        var caller = new AwsCaller(_bench.Surroundings with { Time = time }, credentials.GetAsync, AwsServer.Region);
        var password = new IamPassword(caller, Shop, "app", IamPassword.DefaultRenewal);
        var first = await password.GetAsync(AwsBench.Stop);
        time.Advance(TimeSpan.FromMinutes(14));
        Assert.True(IsGood(first));
        time.Advance(TimeSpan.FromMinutes(2));
        Assert.False(IsGood(first));
        Assert.True(IsGood(await password.GetAsync(AwsBench.Stop)));
        // A connection logs in anew well before AWS cuts it off; that the capture does is shown over half a day in the simulation.
        Assert.Equal(TimeSpan.FromHours(11), password.Renewal);

        bool IsGood(Secret token) => IamGate.IsGood(token.Reveal(), "shop", "app", AwsServer.SecretKey, time.GetUtcNow());
    }

    [Fact]
    public async Task Token_is_signed_with_a_key_that_has_not_expired()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var keys = 0;
        var caller = new AwsCaller(
            _bench.Surroundings with
            {
                Time = time,
            },
            _ => ValueTask.FromResult(new AwsCredentials($"KEY{++keys}", new Secret("s"), new Secret("session"))),
            AwsServer.Region
        );
        var password = new IamPassword(caller, Shop, "app", IamPassword.DefaultRenewal);
        Assert.Contains("KEY1%2F", (await password.GetAsync(AwsBench.Stop)).Reveal(), StringComparison.Ordinal);
        // Credentials are asked for at each login, and their source finds new ones before they expire.
        var second = (await password.GetAsync(AwsBench.Stop)).Reveal();
        Assert.Contains("KEY2%2F", second, StringComparison.Ordinal);
        Assert.Contains("X-Amz-Security-Token=session", second, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cache_named_by_URI_lets_an_IAM_user_in_and_is_migrated()
    {
        await using var cli = new CliBench();
        await using var gate = await GateBeforeShopAsync(cli);
        var node = cli.Bench.Aws.World.Nodes["shop-001"];
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        for (var number = 0; number < 50; number++)
        {
            _ = await node.Server.SayAsync("SET", $"key:{number}", "v");
        }

        string[] rest =
        [
            target.Uri,
            "--source-tls-ca",
            cli.Bench.Aws.World.Certificate.AuthorityFile,
            "--until-idle",
            "300ms",
            "--plain",
            "--work-dir",
            cli.WorkDirectory,
        ];
        var (code, _, error) = await cli.RunAsync(["migrate", "elasticache://shop", .. rest]);
        Assert.Equal(Keyferry.Cli.Output.ExitCodes.Usage, code);
        Assert.Contains("users of app-users only", error, StringComparison.Ordinal);
        (code, _, error) = await cli.RunAsync(["migrate", "elasticache://shop?user=other&auth=iam", .. rest]);
        Assert.Equal(Keyferry.Cli.Output.ExitCodes.Unreachable, code);
        Assert.DoesNotContain(
            "X-Amz-Signature=",
            error.Replace("X-Amz-Signature=***", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        var output = await cli.SucceedAsync(["migrate", "elasticache://shop?user=app&auth=iam", .. rest]);
        Assert.Contains("EQUAL", output, StringComparison.Ordinal);
        Assert.DoesNotContain("X-Amz-Signature", output, StringComparison.Ordinal);
        Assert.Equal(50, (long)await target.CommandAsync("DBSIZE"));
        Assert.True(gate.Logins > 2);
    }

    [Fact]
    public async Task Notification_commands_try_the_nodes_as_the_IAM_user_of_the_URI()
    {
        await using var cli = new CliBench();
        await using var gate = await GateBeforeShopAsync(cli);
        const string Named = "elasticache://shop?user=app&auth=iam";
        string[] authority = ["--tls-ca", cli.Bench.Aws.World.Certificate.AuthorityFile];
        string[] work = ["--work-dir", cli.WorkDirectory];
        _ = await cli.SucceedAsync(["notifications", "enable", Named, "--apply", .. authority, .. work]);
        var logins = gate.Logins;
        Assert.True(logins > 0);
        _ = await cli.SucceedAsync(["notifications", "test", Named, .. authority]);
        Assert.True(gate.Logins > logins);
        _ = await cli.SucceedAsync("notifications", "status", Named);
        _ = await cli.SucceedAsync(["notifications", "restore", Named, .. work]);
    }

    private static Cache Shop =>
        new()
        {
            Kind = CacheKind.ReplicationGroup,
            Id = "shop",
            Status = "available",
            Engine = "redis",
            EngineVersion = "7.1",
        };

    /// <summary>A cache of which AWS tells the gate in the place of its node.</summary>
    private static async Task<IamGate> GateBeforeShopAsync(CliBench cli)
    {
        _ = await cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("UserGroupIds.member.1", "app-users")]);
        var node = cli.Bench.Aws.World.Nodes["shop-001"];
        var gate = new IamGate("shop", "app", node.Server.PlainPort, TimeSpan.FromHours(12), cli.Bench.Aws.World.Certificate);
        node.ToldPort = gate.Port;
        return gate;
    }

    private Endpoint Endpoint(IamGate gate, TimeSpan renewal) =>
        new()
        {
            Host = "127.0.0.1",
            Port = gate.Port,
            Tls = true,
            TlsTerms = new TlsTerms { AuthorityFile = _bench.Aws.World.Certificate.AuthorityFile },
            User = "app",
            PasswordSource = new IamPassword(_bench.Caller, Shop, "app", renewal),
        };

    private sealed class Silent : IRunObserver
    {
        public void On(RunEvent happened)
        {
            // Only the end matters here.
        }
    }
}
