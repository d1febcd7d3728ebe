using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Output;
using Keyferry.Integration.Servers;
using Keyferry.Model;

namespace Keyferry.Aws.Tests.ElastiCache;

/// <summary><c>elasticache://ID</c> where a URI is taken.</summary>
public sealed class CacheUriTests : IAsyncLifetime
{
    private readonly CliBench _cli = new();

    private CacheWorld World => _cli.Bench.Aws.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public void Parts_are_read()
    {
        var uri = CacheUri.Parse("elasticache://app:p%40ss@Shop/3?region=eu-north-1&secret=a%2Fb", "source");
        Assert.Equal(
            ("shop", "eu-north-1", "app", "p@ss", 3, "a/b"),
            (uri.Id, uri.Region, uri.User, uri.Password?.Reveal(), uri.Database, uri.SecretId)
        );
    }

    [Theory]
    [InlineData("elasticache://", "names no cache")]
    [InlineData("elasticache://shop?zone=a", "has a setting other than")]
    [InlineData("elasticache://shop?auth=magic", "has an auth other than iam")]
    [InlineData("elasticache://shop?auth=iam", "but no user")]
    [InlineData("elasticache://u:hunter2@shop?auth=iam", "auth=iam and a password")]
    [InlineData("elasticache://shop/x", "a database that is not a number")]
    public void What_is_wrong_is_said_without_the_password(string text, string words)
    {
        var failed = Assert.Throws<KeyferryException>(() => CacheUri.Parse(text, "source"));
        Assert.Contains(words, failed.Saw, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", failed.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("standalone")]
    [InlineData("group")]
    [InlineData("cluster")]
    public async Task Plan_apply_test_migrate_restore(string kind)
    {
        _ = kind switch
        {
            "standalone" => await _cli.Bench.StandaloneAsync("shop"),
            "group" => await _cli.Bench.GroupAsync("shop", nodes: 2),
            _ => await _cli.Bench.GroupAsync("shop", shards: 2),
        };
        var before = World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group);
        var written = 0;
        foreach (var node in World.Nodes.Values)
        {
            for (var number = 0; number < 200; number++)
            {
                // A replica, and a shard that the key does not belong to, refuse it.
                var reply = await node.Server.SayAsync("SET", $"{node.Id}:{number}", $"{number}");
                written += reply.StartsWith('+') ? 1 : 0;
            }
        }

        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        string[] work = ["--work-dir", _cli.WorkDirectory];
        _ = await _cli.SucceedAsync(["notifications", "enable", "--elasticache", "shop", "--apply", .. work]);
        var output = await _cli.SucceedAsync([
            "migrate",
            "elasticache://shop?region=eu-north-1",
            target.Uri,
            "--capture",
            "notifications",
            "--until-idle",
            "500ms",
            "--plain",
            .. work,
        ]);
        Assert.Contains("equal", output, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(written, (long)await target.CommandAsync("DBSIZE"));
        output = await _cli.SucceedAsync("restore", "--work-dir", _cli.WorkDirectory);
        Assert.DoesNotContain("nothing to put back", output, StringComparison.Ordinal);
        Assert.Equal(before, World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group));
        Assert.All(
            await Task.WhenAll(World.Nodes.Values.Select(static node => node.Server.ConfigurationAsync("notify-keyspace-events"))),
            Assert.Empty
        );
    }

    [Theory]
    [InlineData("auto", "Subscribe, and prove with a probe key", "neither read nor changed over a connection")]
    [InlineData("tracking", "nothing is configured there", "client tracking")]
    [InlineData("polling", "Nothing is switched on", "polling")]
    public async Task Plan_lists_nothing_that_cannot_happen_there(string capture, string arms, string words)
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var plan = await _cli.SucceedAsync("migrate", "elasticache://shop", target.Uri, "--dry-run", "--capture", capture);
        Assert.Contains(arms, plan, StringComparison.Ordinal);
        Assert.Contains(words, plan, StringComparison.Ordinal);
        Assert.DoesNotContain("Switch on what is missing", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("flags back as they were", plan, StringComparison.Ordinal);
        Assert.Equal(capture == "auto", plan.Contains("keyferry notifications enable --elasticache shop", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Notification_commands_do_the_same_where_the_URI_says_how_to_log_in()
    {
        var tls = ("TransitEncryptionEnabled", "true");
        _ = await _cli.Bench.GroupAsync("shop", shards: 2, more: [tls, ("AuthToken", "a-token-of-sixteen!")]);
        _cli.Bench.Aws.Secrets.Values["shop/token"] = """{"password":"a-token-of-sixteen!"}""";
        const string Named = "elasticache://shop?region=eu-north-1&secret=shop/token";
        string[] work = ["--work-dir", _cli.WorkDirectory];
        string[] authority = ["--tls-ca", World.Certificate.AuthorityFile];
        var (code, output, error) = await _cli.RunAsync("notifications", "status", Named);
        Assert.True(code == ExitCodes.NotProved, output + error);
        Assert.Contains("parameter group default.redis7.cluster.on", output, StringComparison.Ordinal);
        Assert.DoesNotContain("secretsmanager:GetSecretValue", _cli.Bench.Aws.Calls);

        output = await _cli.SucceedAsync(["notifications", "enable", Named]);
        Assert.Contains("the same command with --apply does it", output, StringComparison.Ordinal);
        output = await _cli.SucceedAsync(["notifications", "enable", Named, "--apply", .. work, .. authority]);
        AssertBoth(output);
        AssertBoth(await _cli.SucceedAsync(["notifications", "test", Named, .. authority]));
        _ = await _cli.SucceedAsync("notifications", "status", Named);
        _ = await _cli.SucceedAsync(["notifications", "restore", Named, .. work]);
        Assert.All(World.Nodes.Values, static node => Assert.Equal("default.redis7.cluster.on", node.Group));

        static void AssertBoth(string output)
        {
            Assert.Contains("shop-0001-001: ", output, StringComparison.Ordinal);
            Assert.Contains("shop-0002-001: ", output, StringComparison.Ordinal);
            Assert.DoesNotContain("not tried", output, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("secret=none", "There is no secret none")]
    [InlineData("user=app", "a user but no password")]
    public async Task Login_that_does_not_work_out_is_told_before_anything_is_changed(string login, string words)
    {
        _ = await _cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("AuthToken", "a-token-of-sixteen!")]);
        var (code, output, error) = await _cli.RunAsync(
            "notifications",
            "enable",
            $"elasticache://shop?{login}",
            "--apply",
            "--work-dir",
            _cli.WorkDirectory
        );
        Assert.True(code == ExitCodes.Usage, output + error);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.DoesNotContain("elasticache:CreateCacheParameterGroup", _cli.Bench.Aws.Calls);
    }

    [Fact]
    public async Task Token_comes_from_a_secret_and_its_absence_is_told()
    {
        var tls = ("TransitEncryptionEnabled", "true");
        _ = await _cli.Bench.GroupAsync("shop", nodes: 1, more: [tls, ("AuthToken", "a-token-of-sixteen!")]);
        var (code, _, error) = await _cli.RunAsync("notifications", "test", "elasticache://shop");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("asks for its AUTH token", error, StringComparison.Ordinal);

        _cli.Bench.Aws.Secrets.Values["shop/token"] = """{"password":"a-token-of-sixteen!"}""";
        string[] authority = ["--tls-ca", World.Certificate.AuthorityFile];
        (code, var output, error) = await _cli.RunAsync(["notifications", "test", "elasticache://shop?secret=shop/token", .. authority]);
        Assert.True(code == ExitCodes.NotProved, output + error);
        Assert.Contains("no event came for the classes", output, StringComparison.Ordinal);
        _cli.Bench.Aws.Deny("secretsmanager:GetSecretValue");
        (code, _, error) = await _cli.RunAsync("notifications", "test", "elasticache://shop?secret=shop/token");
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("\"Action\": \"secretsmanager:GetSecretValue\"", error, StringComparison.Ordinal);
    }
}
