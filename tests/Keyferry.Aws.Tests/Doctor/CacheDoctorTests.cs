using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Output;
using Keyferry.Integration.Servers;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>What <c>keyferry doctor</c> finds out by asking AWS, each trouble set up on the double.</summary>
public sealed class CacheDoctorTests : IAsyncLifetime
{
    private const string Cache = "elasticache://shop?region=eu-north-1";
    private readonly DoctorBench _doctor = new();

    private CacheWorld World => _doctor.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _doctor.DisposeAsync();

    [Fact]
    public async Task Cache_in_order_and_plain_target_are_a_go()
    {
        await _doctor.Cli.Bench.ParameterGroupAsync("mine", ("notify-keyspace-events", "AE"));
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop", "mine");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var told = await _doctor.ExamineAsync(Cache, target.Uri);
        Assert.True(told is { Exit: ExitCodes.Ok, Conclusion: "go" }, string.Join('\n', told.Findings));
        told.Has("cache-state", "good", "shop in eu-north-1: standalone cluster, redis 7.1, available");
        told.Has("cache-parameters", "good", "follows the parameter group mine");
        told.Has("cache-notifications", "good", "suffice", "notifications test --elasticache shop");
        told.Has("cache-maintenance", "good", "sun:23:00-mon:01:30");
        // AWS has said it; the server's own "unknown command" would only confuse.
        told.HasNot("notifications");
        Assert.DoesNotContain("ec2:DescribeSecurityGroups", _doctor.Cli.Bench.Aws.Calls);
    }

    [Fact]
    public async Task Default_group_without_letters_names_the_command_that_mends_it()
    {
        _ = await _doctor.Cli.Bench.GroupAsync("shop", shards: 2);
        var told = await _doctor.ExamineAsync(Cache);
        Assert.Equal("go-with-warnings", told.Conclusion);
        told.Has(
            "cache-notifications",
            "warning",
            "default.redis7.cluster.on",
            "CONFIG SET does not exist",
            "notifications enable --elasticache shop"
        );
    }

    [Fact]
    public async Task Letters_without_K_and_E_and_a_group_that_is_not_attached_are_told_apart()
    {
        await _doctor.Cli.Bench.ParameterGroupAsync("mine", ("notify-keyspace-events", "A"));
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop", "mine");
        (await _doctor.ExamineAsync(Cache)).Has("cache-notifications", "warning", "\"A\"", "without K or E");
        await _doctor.Cli.Bench.ParameterGroupAsync("with-letters", ("notify-keyspace-events", "KEA"));
        (await _doctor.ExamineAsync(Cache)).Has(
            "cache-notifications",
            "warning",
            "The right letters stand in with-letters, which is attached to no cache"
        );
    }

    [Fact]
    public async Task Group_that_does_not_hold_yet_is_told_with_its_nodes()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        World.Nodes["shop"].Sync = "applying";
        (await _doctor.ExamineAsync(Cache)).Has(
            "cache-parameters",
            "warning",
            "shop (applying, 0001 applying)",
            "Wait until it is in sync"
        );
        World.Nodes["shop"].Sync = "pending-reboot";
        (await _doctor.ExamineAsync(Cache)).Has(
            "cache-parameters",
            "warning",
            "reboot-cache-cluster --cache-cluster-id shop --cache-node-ids-to-reboot 0001"
        );
    }

    [Fact]
    public async Task Letters_of_a_group_that_does_not_hold_yet_are_not_called_enough()
    {
        await _doctor.Cli.Bench.ParameterGroupAsync("mine", ("notify-keyspace-events", "AE"));
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop", "mine");
        World.Nodes["shop"].Sync = "pending-reboot";
        (await _doctor.ExamineAsync(Cache)).Has(
            "cache-notifications",
            "warning",
            "would suffice, but",
            "on shop",
            "notifications test --elasticache shop"
        );
    }

    [Fact]
    public async Task Way_to_a_cache_is_tried_without_the_token_that_it_asks_for()
    {
        _ = await _doctor.Cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("AuthToken", "a-token-of-sixteen!")]);
        var told = await _doctor.ExamineAsync(Cache, "--source-tls-ca", World.Certificate.AuthorityFile);
        Assert.Equal(ExitCodes.Unreachable, told.Exit);
        told.Has("reach", "blocker", "name ok, route ok, TCP ok, TLS ok, login failed", "AUTH token", "KEYFERRY_SOURCE_PASSWORD");
    }

    [Fact]
    public async Task What_AWS_does_not_tell_is_said_where_the_guide_s_host_is_known()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.Cli.Variables["ELASTICACHE_CLUSTER_ID"] = "shop";
        _doctor.Cli.Variables["REDIS_SOURCE_HOST"] = "127.0.0.1";
        _doctor.Cli.Variables["REDIS_SOURCE_PORT"] = $"{World.Nodes["shop"].Server.Port}";
        _ = _doctor.Cli.Variables.Remove("AWS_ACCESS_KEY_ID");
        _ = _doctor.Cli.Variables.Remove("AWS_SECRET_ACCESS_KEY");
        var told = await _doctor.ExamineAsync();
        told.Has("cache-permissions", "warning", "AWS tells nothing of the cache", "credentials");
        told.Has("reach", "good", "login and commands work");
    }

    [Theory]
    [InlineData("modifying", "warning", ExitCodes.Ok)]
    [InlineData("deleting", "blocker", ExitCodes.Refused)]
    public async Task State_of_the_cache_is_judged(string state, string level, int exit)
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        World.Nodes["shop"].Status = state;
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-state", level, $"shop is {state}", "elasticache show shop");
        Assert.Equal(exit, told.Exit);
    }

    [Fact]
    public async Task Letters_in_the_group_of_another_cache_are_no_mistake()
    {
        await _doctor.Cli.Bench.ParameterGroupAsync("theirs", ("notify-keyspace-events", "AE"));
        _ = await _doctor.Cli.Bench.StandaloneAsync("other", "theirs");
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-notifications", "warning", "It is one of AWS's groups");
        Assert.DoesNotContain(told.Findings, static found => found.Words.Contains("theirs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cache_without_an_endpoint_is_a_finding_and_no_end()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        World.Nodes["shop"].Status = "creating";
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("reach", "blocker", "has no endpoint: it is creating", "was not tried");
        told.Has("cache-state", "blocker", "creating");
        Assert.Equal(ExitCodes.Unreachable, told.Exit);
    }

    [Fact]
    public async Task Slots_on_the_move_and_service_updates_are_warned_of()
    {
        _ = await _doctor.Cli.Bench.GroupAsync("shop", shards: 2);
        World.ReplicationGroups["shop"].Resharding = 40;
        World.Updates.Add(("shop", "elasticache-20300101-redis", "critical", "not-applied"));
        World.Updates.Add(("shop", "elasticache-20290101-redis", "low", "complete"));
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-change", "warning", "resharding, 40 %");
        told.Has("cache-maintenance", "warning", "elasticache-20300101-redis (critical) is not-applied, to be applied by 2030-01-31");
        Assert.DoesNotContain(told.Findings, static found => found.Words.Contains("20290101", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1000", true)]
    [InlineData("33554432", false)]
    [InlineData("0", false)]
    public async Task Small_buffers_of_subscribers_are_read_from_the_parameter_group(string limit, bool warned)
    {
        await _doctor.Cli.Bench.ParameterGroupAsync(
            "mine",
            ("notify-keyspace-events", "AE"),
            ("client-output-buffer-limit-pubsub-hard-limit", limit)
        );
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop", "mine");
        using var over = CancellationTokenSource.CreateLinkedTokenSource(AwsBench.Stop);
        var busy = Task.Run(
            async () =>
            {
                while (!over.IsCancellationRequested)
                {
                    _ = await World.Nodes["shop"].Server.SayAsync("SET", "key", "v");
                }
            },
            AwsBench.Stop
        );
        // The server counts commands over some seconds.
        await Task.Delay(TimeSpan.FromSeconds(2), AwsBench.Stop);
        var told = await _doctor.ExamineAsync(Cache);
        await over.CancelAsync();
        await busy;
        if (warned)
        {
            told.Has(
                "pubsub-buffer",
                "warning",
                "client-output-buffer-limit pubsub",
                "commands/s",
                "keyferry notifications enable --elasticache shop --region eu-north-1 --pubsub-buffers --apply"
            );
        }
        else
        {
            told.HasNot("pubsub-buffer");
        }
    }

    [Fact]
    public async Task Serverless_says_what_is_left()
    {
        _ = World.Serverless.Add("cart");
        var told = await _doctor.ExamineAsync("elasticache://cart");
        told.Has("cache-notifications", "warning", "cart is serverless", "--capture polling", "stop the writers");
        told.HasNot("cache-parameters");
    }

    [Fact]
    public async Task Missing_rights_at_AWS_name_the_statement_and_the_rest_is_asked()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.Cli.Bench.Aws.Deny("elasticache:DescribeUpdateActions");
        _doctor.Cli.Bench.Aws.Deny("elasticache:DescribeCacheParameters");
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-permissions", "warning", "\"Action\": \"elasticache:DescribeUpdateActions\"");
        told.Has("cache-permissions", "warning", "\"Action\": \"elasticache:DescribeCacheParameters\"");
        told.Has("cache-state", "good", "available");
        told.Has("cache-notifications", "warning", "could not be asked for");
    }

    [Fact]
    public async Task Guides_variables_name_the_cache_beside_its_host()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.Cli.Variables["REDIS_SOURCE_HOST"] = "127.0.0.1";
        _doctor.Cli.Variables["REDIS_SOURCE_PORT"] = $"{World.Nodes["shop"].Server.Port}";
        _doctor.Cli.Variables["ELASTICACHE_CLUSTER_ID"] = "shop";
        (await _doctor.ExamineAsync()).Has("cache-state", "good", "shop in eu-north-1");
    }

    [Fact]
    public async Task Target_that_is_a_cache_is_asked_about_as_well()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        World.Nodes["shop"].Status = "snapshotting";
        var told = await _doctor.ExamineAsync(source.Uri, Cache);
        Assert.Contains(told.Findings, static found => found is { Code: "cache-state", Level: "warning", Side: "target" });
        told.HasNot("cache-notifications");
    }
}
