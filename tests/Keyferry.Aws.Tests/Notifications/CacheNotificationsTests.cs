using Keyferry.Aws.ElastiCache;
using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Notifications;

/// <summary><c>keyferry notifications ... --elasticache ID</c> against the double and its real servers.</summary>
public sealed class CacheNotificationsTests : IAsyncLifetime
{
    private const string Letters = "notify-keyspace-events";
    private readonly CliBench _cli = new();

    private CacheWorld World => _cli.Bench.Aws.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    public static TheoryData<string> Kinds => ["standalone", "group", "cluster"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Default_group_is_copied_attached_proved_and_put_back(string kind)
    {
        var before = await CreateAsync(kind);
        var plan = await _cli.SucceedAsync("notifications", "enable", "--elasticache", "shop", "--work-dir", _cli.WorkDirectory);
        Assert.Contains("1. elasticache:CreateCacheParameterGroup", plan, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", plan, StringComparison.Ordinal);
        Assert.DoesNotContain(
            _cli.Bench.Aws.Calls,
            static call => call.Contains(":Create", StringComparison.Ordinal) && call.EndsWith("ParameterGroup", StringComparison.Ordinal)
        );

        var done = await ApplyAsync();
        Assert.Contains("every kind comes", Words(done), StringComparison.Ordinal);
        Assert.All(World.Nodes.Values, static node => Assert.StartsWith("keyferry-shop-", node.Group, StringComparison.Ordinal));
        _ = await _cli.SucceedAsync("notifications", "status", "--elasticache", "shop");
        _ = await _cli.SucceedAsync("notifications", "test", "--elasticache", "shop");

        _ = await RestoreAsync();
        await EndsAsItBeganAsync(before);
    }

    [Fact]
    public async Task Custom_group_of_ours_alone_is_changed_in_place_and_keeps_other_letters()
    {
        await _cli.Bench.ParameterGroupAsync("mine", (Letters, "Ex"), ("maxmemory-policy", "allkeys-lru"));
        _ = await _cli.Bench.StandaloneAsync("shop", "mine");
        var output = await ApplyAsync("--pubsub-buffers");
        Assert.Contains($"{Letters}: \"Ex\" -> \"AE\"", output, StringComparison.Ordinal);
        Assert.Equal("268435456", World.Groups["mine"].Values["client-output-buffer-limit-pubsub-hard-limit"]);
        Assert.Equal("mine", World.Nodes["shop"].Group);

        _ = await RestoreAsync();
        Assert.Equal(
            [new("maxmemory-policy", "allkeys-lru"), new(Letters, "Ex")],
            World.Groups["mine"].Values.Select(static one => KeyValuePair.Create(one.Key, one.Value))
        );
        Assert.Equal("xE", await World.Nodes["shop"].Server.ConfigurationAsync(Letters));
    }

    [Fact]
    public async Task Shared_group_is_copied_with_every_value_that_was_set()
    {
        await _cli.Bench.ParameterGroupAsync("shared", ("maxmemory-policy", "allkeys-lfu"), ("timeout", "300"));
        _ = await _cli.Bench.StandaloneAsync("shop", "shared");
        _ = await _cli.Bench.StandaloneAsync("other", "shared");
        var output = await ApplyAsync();
        Assert.Contains("shared is used by other as well", output, StringComparison.Ordinal);
        var copy = World.Groups[World.Nodes["shop"].Group];
        Assert.Equal(("allkeys-lfu", "300", "AE"), (copy.Values["maxmemory-policy"], copy.Values["timeout"], copy.Values[Letters]));
        Assert.Equal("shared", World.Nodes["other"].Group);
        _ = await RestoreAsync();
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("notifications restore")]
    [InlineData("restore")]
    public async Task Copy_that_another_cache_uses_meanwhile_stays_recorded_until_it_can_be_deleted(string command)
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _ = await ApplyAsync();
        var copy = World.Nodes["shop"].Group;
        _ = await _cli.Bench.StandaloneAsync("other", copy);
        string[] restore =
            command == "restore"
                ? ["restore", "--work-dir", _cli.WorkDirectory]
                : ["notifications", "restore", "--elasticache", "shop", "--work-dir", _cli.WorkDirectory];
        for (var time = 0; time < 2; time++)
        {
            var (code, _, error) = await _cli.RunAsync(restore);
            Assert.Equal(ExitCodes.Failed, code);
            Assert.Contains(
                $"The parameter group {copy}, which Keyferry made, is still there: other use it by now",
                error,
                StringComparison.Ordinal
            );
            Assert.Contains("notifications restore --elasticache shop again", error, StringComparison.Ordinal);
            Assert.Equal("default.redis7", World.Nodes["shop"].Group);
            Assert.Contains(copy, World.Groups.Keys);
        }

        _ = await _cli.Bench.Client.ChangeAsync(CacheChange.Attach(CacheKind.Standalone, "other", "default.redis7", ""), AwsBench.Stop);
        _ = await _cli.Bench.AvailableAsync("other");
        _ = await _cli.SucceedAsync(restore);
        Assert.DoesNotContain(copy, World.Groups.Keys);
        Assert.Contains("nothing to put back", await RestoreAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restore_from_elsewhere_says_where_changes_are_recorded()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        string[] restore = ["notifications", "restore", "--elasticache", "shop", "--work-dir", _cli.FileOf("elsewhere")];
        var output = await _cli.SucceedAsync(restore);
        Assert.Contains($"nothing to put back: {_cli.FileOf("elsewhere")} names no open change of shop", output, StringComparison.Ordinal);
        Assert.Contains("in the work directory of the command that made them", output, StringComparison.Ordinal);
        _ = await ApplyAsync();
        var (code, _, error) = await _cli.RunAsync(restore);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains($"shop has the parameter group {World.Nodes["shop"].Group}, which Keyferry made", error, StringComparison.Ordinal);
        Assert.Contains("name that one with --work-dir", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cache_may_be_named_by_its_URI()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _ = _cli.Variables.Remove("AWS_REGION");
        const string Uri = "elasticache://shop?region=eu-north-1";
        string[] work = ["--work-dir", _cli.WorkDirectory];
        Assert.Contains(
            "1. elasticache:CreateCacheParameterGroup",
            await _cli.SucceedAsync(["notifications", "enable", Uri, .. work]),
            StringComparison.Ordinal
        );
        _ = await _cli.SucceedAsync(["notifications", "enable", Uri, "--apply", .. work]);
        Assert.Contains("suffice", await _cli.SucceedAsync("notifications", "status", Uri), StringComparison.Ordinal);
        _ = await _cli.SucceedAsync(["notifications", "restore", Uri, .. work]);
        Assert.Equal("default.redis7", World.Nodes["shop"].Group);
    }

    [Fact]
    public async Task Second_apply_says_that_nothing_is_left()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _ = await ApplyAsync();
        var output = await ApplyAsync();
        Assert.Contains("made every call; nothing of it is left", output, StringComparison.Ordinal);
        Assert.DoesNotContain("follows.", output, StringComparison.Ordinal);
        Assert.Contains($"shop has a copy of default.redis7: {World.Nodes["shop"].Group}", output, StringComparison.Ordinal);
        Assert.Contains("every kind comes", Words(output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_somebody_has_changed_since_is_left_alone_and_told()
    {
        await _cli.Bench.ParameterGroupAsync("mine");
        _ = await _cli.Bench.StandaloneAsync("shop", "mine");
        _ = await ApplyAsync();
        _ = await _cli.Bench.Client.ChangeAsync(CacheChange.SetValues("mine", [(Letters, "KA")], ""), AwsBench.Stop);
        var output = await RestoreAsync();
        Assert.Contains($"left alone: {Letters} stays \"KA\"", output, StringComparison.Ordinal);
        Assert.Equal("KA", World.Groups["mine"].Values[Letters]);
    }

    [Fact]
    public async Task Serverless_says_so_and_what_to_use_instead()
    {
        _ = World.Serverless.Add("cart");
        var (code, _, error) = await _cli.RunAsync("notifications", "enable", "--elasticache", "cart", "--work-dir", _cli.WorkDirectory);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("serverless cache", error, StringComparison.Ordinal);
        Assert.Contains("--capture polling", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Group_that_suffices_is_left_alone()
    {
        await _cli.Bench.ParameterGroupAsync("mine", (Letters, "KEA"));
        _ = await _cli.Bench.StandaloneAsync("shop", "mine");
        var output = await ApplyAsync();
        Assert.Contains("suffices; nothing is to be changed", output, StringComparison.Ordinal);
        Assert.DoesNotContain("elasticache:ModifyCacheCluster", _cli.Bench.Aws.Calls);
    }

    [Fact]
    public async Task Guides_variables_and_the_env_file_name_the_cache()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _ = _cli.Variables.Remove("AWS_REGION");
        _cli.EnvFile = EnvFile.Parse(["# of the guide", "ELASTICACHE_CLUSTER_ID=shop", "export AWS_REGION=\"eu-north-1\"", "OTHER=1"]);
        var output = await _cli.SucceedAsync("notifications", "enable", "--work-dir", _cli.WorkDirectory);
        Assert.Contains("shop in eu-north-1: standalone cluster", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guides_variables_name_a_server()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _cli.Variables["REDIS_SOURCE_HOST"] = "127.0.0.1";
        _cli.Variables["REDIS_SOURCE_PORT"] = $"{World.Nodes["shop"].Server.Port}";
        var (code, output, _) = await _cli.RunAsync("notifications", "status");
        Assert.Equal(ExitCodes.NotProved, code);
        Assert.Contains("it has no CONFIG command", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cache_that_cannot_be_tried_says_why()
    {
        _ = await _cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("AuthToken", "a-token-of-sixteen!")]);
        _cli.Variables["KEYFERRY_PASSWORD"] = "another-of-sixteen!";
        string[] test = ["notifications", "test", "--elasticache", "shop", "--tls-ca", World.Certificate.AuthorityFile];
        var (code, output, _) = await _cli.RunAsync(test);
        Assert.Equal(ExitCodes.NotProved, code);
        Assert.Contains("what to do: Check both; a user that is off", output, StringComparison.Ordinal);
        World.Nodes["shop-001"].ToldPort = Integration.Servers.FreePort.Take();
        (code, output, _) = await _cli.RunAsync(test);
        Assert.Equal(ExitCodes.NotProved, code);
        Assert.Contains("keyferry doctor elasticache://shop names what is in the way", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_says_why_letters_do_not_hold()
    {
        await _cli.Bench.ParameterGroupAsync("mine", (Letters, "A"));
        _ = await _cli.Bench.StandaloneAsync("shop", "mine");
        var (code, output, _) = await _cli.RunAsync("notifications", "status", "--elasticache", "shop");
        Assert.Equal(ExitCodes.NotProved, code);
        Assert.Contains("do not suffice", output, StringComparison.Ordinal);
        await _cli.Bench.ParameterGroupAsync("right", (Letters, "AE"));
        World.Nodes["shop"].Group = "right";
        World.Nodes["shop"].Sync = "applying";
        (code, output, _) = await _cli.RunAsync("notifications", "status", "--elasticache", "shop");
        Assert.Equal(ExitCodes.NotProved, code);
        Assert.Contains("shop: available, applying", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_fit_together_is_told()
    {
        var (code, _, error) = await _cli.RunAsync("notifications", "enable", "127.0.0.1:1", "--elasticache", "shop");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("Both a URI and --elasticache", error, StringComparison.Ordinal);
        (code, _, error) = await _cli.RunAsync("notifications", "enable", "127.0.0.1:1", "--apply");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("--apply has a meaning with --elasticache only", error, StringComparison.Ordinal);
    }

    private async Task<IReadOnlyDictionary<string, string>> CreateAsync(string kind)
    {
        _ = kind switch
        {
            "standalone" => await _cli.Bench.StandaloneAsync("shop"),
            "group" => await _cli.Bench.GroupAsync("shop", nodes: 2),
            _ => await _cli.Bench.GroupAsync("shop", shards: 2),
        };
        return World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group);
    }

    private async Task EndsAsItBeganAsync(IReadOnlyDictionary<string, string> before)
    {
        Assert.Equal(before, World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group));
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
        foreach (var node in World.Nodes.Values)
        {
            Assert.Equal("", await node.Server.ConfigurationAsync(Letters));
        }
    }

    private Task<string> ApplyAsync(params string[] more) =>
        _cli.SucceedAsync(["notifications", "enable", "--elasticache", "shop", "--apply", "--work-dir", _cli.WorkDirectory, .. more]);

    private Task<string> RestoreAsync() =>
        _cli.SucceedAsync("notifications", "restore", "--elasticache", "shop", "--work-dir", _cli.WorkDirectory);

    private static string Words(string output) => output.Contains("not so", StringComparison.Ordinal) ? output : "every kind comes";
}
