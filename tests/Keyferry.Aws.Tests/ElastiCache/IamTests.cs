using Keyferry.Aws.ElastiCache;
using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Caches;
using Keyferry.Capture;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.State;

namespace Keyferry.Aws.Tests.ElastiCache;

/// <summary>Users that prove themselves by IAM: a gate checks the tokens and cuts connections whose login is old, in seconds instead of hours.</summary>
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

    private Endpoint Endpoint(IamGate gate, TimeSpan renewal)
    {
        var cache = new Cache
        {
            Kind = CacheKind.ReplicationGroup,
            Id = "shop",
            Status = "available",
            Engine = "redis",
            EngineVersion = "7.1",
        };
        return new Endpoint
        {
            Host = "127.0.0.1",
            Port = gate.Port,
            Tls = true,
            TlsTerms = new TlsTerms { AuthorityFile = _bench.Aws.World.Certificate.AuthorityFile },
            User = "app",
            PasswordSource = new IamPassword(_bench.Caller, cache, "app", renewal),
        };
    }

    private sealed class Silent : IRunObserver
    {
        public void On(RunEvent happened)
        {
            // Only the end matters here.
        }
    }
}
