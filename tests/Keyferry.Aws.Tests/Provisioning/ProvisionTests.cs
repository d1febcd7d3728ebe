using System.Text.Json.Nodes;
using Keyferry.Aws.ElastiCache;
using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Provisioning;

/// <summary><c>keyferry elasticache provision</c> and <c>delete</c> against the double and its real servers.</summary>
public sealed class ProvisionTests : IAsyncLifetime
{
    private readonly CliBench _cli = new();

    private CacheWorld World => _cli.Bench.Aws.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task Cache_is_created_with_its_group_encrypted_with_a_token_tested_and_deleted()
    {
        var file = _cli.FileOf("new.env");
        var output = await ProvisionAsync("--yes", "--env-file", file, "--replicas", "0");
        var calls = _cli.Bench.Aws.Calls.Where(static call =>
            !call.Contains(":Describe", StringComparison.Ordinal) && !call.Contains(":Get", StringComparison.Ordinal)
        );
        Assert.Equal(
            [
                "elasticache:CreateCacheParameterGroup",
                "elasticache:ModifyCacheParameterGroup",
                "secretsmanager:CreateSecret",
                "elasticache:CreateReplicationGroup",
            ],
            calls
        );
        var group = World.ReplicationGroups["shop"];
        Assert.True(group is { Tls: true, HasToken: true });
        Assert.Equal("keyferry-shop", group.Nodes.First().Group);
        var token = Token();
        Assert.DoesNotContain(token, output, StringComparison.Ordinal);
        var written = await File.ReadAllTextAsync(file, AwsBench.Stop);
        Assert.Contains("ELASTICACHE_CLUSTER_ID=shop", written, StringComparison.Ordinal);
        Assert.DoesNotContain(token, written, StringComparison.Ordinal);

        var (code, _, error) = await _cli.RunAsync("elasticache", "delete", "shop");
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("does not say that Keyferry has made shop", error, StringComparison.Ordinal);
        _ = await DeleteAsync();
        Assert.Empty(World.ReplicationGroups);
        Assert.Empty(_cli.Bench.Aws.Secrets.Values);
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_yes_nothing_is_created()
    {
        var output = await ProvisionAsync();
        Assert.Contains("4. elasticache:CreateReplicationGroup", output, StringComparison.Ordinal);
        Assert.Contains("AuthToken=***", output, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", output, StringComparison.Ordinal);
        Assert.Empty(World.ReplicationGroups);
    }

    [Fact]
    public async Task Questions_are_answered_as_the_guide_has_them()
    {
        _cli.Input = new StringReader("redis\nshop\n\n\nnein\nn\ny\n");
        var output = await _cli.SucceedAsync(
            "elasticache",
            "provision",
            "--no-encryption",
            "--replicas",
            "0",
            "--work-dir",
            _cli.WorkDirectory
        );
        Assert.Contains("keyspace notifications: off", output, StringComparison.Ordinal);
        Assert.Equal("redis", World.Nodes["shop-001"].Engine);
    }

    [Fact]
    public async Task What_is_not_usable_is_said_and_asked_again()
    {
        _cli.Input = new StringReader("mysql\nvalkey\na b\n\nshop\nt3.small\ncache.t3.small\nnone-such\nshop-subnets\nn\nn\n");
        var (code, output, asked) = await _cli.RunAsync("elasticache", "provision", "--work-dir", _cli.WorkDirectory);
        Assert.True(code == ExitCodes.Ok, output + asked);
        foreach (
            var words in new[] { "none of valkey, redis", "\"a b\" is no name", "No name for the cache", "no node type", "no subnet group" }
        )
        {
            Assert.Contains(words, asked, StringComparison.Ordinal);
        }

        Assert.Contains("shop in eu-north-1: valkey", output, StringComparison.Ordinal);
        Assert.Contains("cache.t3.small", output, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_that_end_before_the_questions_do_are_an_error()
    {
        _cli.Input = new StringReader("valkey\na b\n");
        var (code, _, asked) = await _cli.RunAsync("elasticache", "provision", "--work-dir", _cli.WorkDirectory);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("No name for the cache was given", asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Everything_is_asked_as_the_guide_s_script_asks_it_and_done_after_a_yes()
    {
        _cli.Input = new StringReader("\nshop\ncache.r7g.large\nshop-subnets\nY\nyes\n");
        var (code, output, asked) = await _cli.RunAsync(
            "elasticache",
            "provision",
            "--replicas",
            "0",
            "--tls-ca",
            World.Certificate.AuthorityFile,
            "--work-dir",
            _cli.WorkDirectory
        );
        Assert.True(code == ExitCodes.Ok, output + asked);
        Assert.Contains("Enable keyspace notifications for live migration? (Y/n): ", asked, StringComparison.Ordinal);
        Assert.Contains("Make these calls? (y/N): ", asked, StringComparison.Ordinal);
        var node = Assert.Single(World.Nodes.Values);
        Assert.Equal(("valkey", "cache.r7g.large", "shop-subnets", true), (node.Engine, node.NodeType, node.SubnetGroup, node.HasToken));
        Assert.Equal("AE", World.Groups["keyferry-shop"].Values["notify-keyspace-events"]);
        Assert.Contains("every", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ExitCodes.Usage, "No name for the cache was given", "--yes")]
    [InlineData(ExitCodes.Usage, "\"a b\" is no name for a cache", "--yes", "--id", "a b")]
    [InlineData(ExitCodes.Usage, "\"9lives\" is no name for a cache", "--yes", "--id", "9lives")]
    [InlineData(ExitCodes.Usage, "\"a--b\" is no name for a cache", "--yes", "--id", "a--b")]
    [InlineData(ExitCodes.Usage, "is none of valkey, redis", "--yes", "--id", "a", "--engine", "memcached")]
    [InlineData(
        ExitCodes.Usage,
        "AWS has no redis 99.1 in eu-north-1",
        "--yes",
        "--id",
        "a",
        "--engine",
        "redis",
        "--engine-version",
        "99.1"
    )]
    [InlineData(ExitCodes.Usage, "There are: shop-subnets (vpc-0abc)", "--yes", "--id", "a", "--subnet-group", "shap-subnets")]
    [InlineData(ExitCodes.Usage, "\"m5.large\" is no node type", "--yes", "--id", "a", "--node-type", "m5.large")]
    [InlineData(ExitCodes.Usage, "--shards", "--yes", "--id", "a", "--shards", "many")]
    [InlineData(ExitCodes.Usage, "--replicas", "--yes", "--id", "a", "--replicas", "6")]
    public async Task Wrong_input_is_told_and_nothing_is_made(int exit, string words, params string[] given)
    {
        var (code, output, error) = await _cli.RunAsync(["elasticache", "provision", "--work-dir", _cli.WorkDirectory, .. given]);
        Assert.True(code == exit, output + error);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.DoesNotContain(_cli.Bench.Aws.Calls, static call => call.Contains(":Create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_AWS_refuses_leaves_what_delete_removes()
    {
        _cli.Bench.Aws.Deny("elasticache:CreateReplicationGroup");
        Assert.Equal(ExitCodes.Refused, (await _cli.RunAsync(Arguments("--yes"))).Code);
        Assert.Contains("keyferry-shop", World.Groups.Keys);
        _ = await DeleteAsync();
        Assert.DoesNotContain("keyferry-shop", World.Groups.Keys);
        Assert.Empty(_cli.Bench.Aws.Secrets.Values);
    }

    [Fact]
    public async Task Delete_removes_exactly_what_was_made_and_names_it_first()
    {
        _ = await ProvisionAsync("--yes", "--replicas", "0");
        await _cli.Bench.ParameterGroupAsync("keyferry-other");
        _ = await _cli.Bench.StandaloneAsync("other");
        _cli.Bench.Aws.Secrets.Values["keyferry/other"] = "x";
        _cli.Input = new StringReader("n\n");
        var named = await _cli.SucceedAsync("elasticache", "delete", "shop", "--work-dir", _cli.WorkDirectory);
        Assert.Contains("elasticache:DeleteReplicationGroup ReplicationGroupId=shop", named, StringComparison.Ordinal);
        Assert.Contains("elasticache:DeleteCacheParameterGroup CacheParameterGroupName=keyferry-shop", named, StringComparison.Ordinal);
        Assert.Contains("secretsmanager:DeleteSecret keyferry/shop", named, StringComparison.Ordinal);
        Assert.Contains("nothing was deleted", named, StringComparison.Ordinal);
        Assert.Contains("shop", World.ReplicationGroups.Keys);
        _ = await DeleteAsync();
        Assert.Equal(
            (0, "other", "keyferry/other"),
            (World.ReplicationGroups.Count, Assert.Single(World.Nodes).Key, Assert.Single(_cli.Bench.Aws.Secrets.Values).Key)
        );
        Assert.Contains("keyferry-other", World.Groups.Keys);
        var (code, _, error) = await _cli.RunAsync("elasticache", "delete", "shop", "--yes", "--work-dir", _cli.WorkDirectory);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("does not say that Keyferry has made shop", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Env_file_that_cannot_be_written_is_told_before_anything_is_made()
    {
        var file = _cli.FileOf("there.env");
        await File.WriteAllTextAsync(file, "MINE=1", AwsBench.Stop);
        foreach (var path in (string[])[file, Path.Combine(file, "..", "nowhere", "new.env")])
        {
            string[] provision =
            [
                "elasticache",
                "provision",
                "--id",
                "shop",
                "--yes",
                "--env-file",
                path,
                "--work-dir",
                _cli.WorkDirectory,
            ];
            var (code, _, error) = await _cli.RunAsync(provision);
            Assert.Equal(ExitCodes.Usage, code);
            Assert.Contains("--env-file writes a new file", error, StringComparison.Ordinal);
        }

        Assert.Empty(_cli.Bench.Aws.Calls);
        Assert.Equal("MINE=1", await File.ReadAllTextAsync(file, AwsBench.Stop));
    }

    [Fact]
    public async Task Env_file_names_the_cache_for_the_commands_after_it()
    {
        var file = _cli.FileOf("new.env");
        _ = await ProvisionAsync("--yes", "--env-file", file, "--replicas", "0");
        _cli.EnvFile = EnvFile.Read(file);
        _ = _cli.Variables.Remove("AWS_REGION");
        // The guides' variable for the password, which the file does not hold.
        _cli.Variables["REDIS_SOURCE_PASSWORD"] = Token();
        Assert.Contains(
            "suffice for a live migration",
            await _cli.SucceedAsync("notifications", "status", "--elasticache", "shop"),
            StringComparison.Ordinal
        );
        var tested = await _cli.SucceedAsync("notifications", "test", "--tls-ca", World.Certificate.AuthorityFile);
        Assert.Contains("shop-001: ", tested, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cluster_mode_has_shards_and_notifications_on_each()
    {
        var output = await ProvisionAsync("--yes", "--shards", "2", "--replicas", "0", "--no-encryption");
        Assert.Contains("shop-0001-001: proved", Normal(output), StringComparison.Ordinal);
        Assert.Contains("shop-0002-001: proved", Normal(output), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CallFate.LostBefore)]
    [InlineData(CallFate.LostAfter)]
    public async Task Cut_at_each_call_in_turn_it_is_finished_by_the_same_command(CallFate fate)
    {
        var (finished, cuts) = (false, 0);
        while (!finished)
        {
            Cut(fate == CallFate.LostBefore && cuts > 0 ? 2 : 1, fate);
            finished = (await _cli.RunAsync(Arguments("--yes", "--replicas", "0", "--no-encryption"))).Code == ExitCodes.Ok;
            cuts += finished ? 0 : 1;
        }

        Assert.Equal(3, cuts);
        _cli.Bench.Aws.Fate = static _ => CallFate.Normal;
        _ = await DeleteAsync();
        Assert.Empty(World.ReplicationGroups);
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Delete_says_who_else_uses_the_group_and_finishes_later()
    {
        _ = await _cli.SucceedAsync(Arguments("--yes", "--replicas", "0", "--no-encryption"));
        _ = await _cli.Bench.StandaloneAsync("other", "keyferry-shop");
        var (code, _, error) = await _cli.RunAsync("elasticache", "delete", "shop", "--yes", "--work-dir", _cli.WorkDirectory);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("keyferry-shop, which was made for shop, is used by other by now", error, StringComparison.Ordinal);
        Assert.Empty(World.ReplicationGroups);
        _ = await _cli.Bench.Client.ChangeAsync(CacheChange.Attach(CacheKind.Standalone, "other", "default.redis7", ""), AwsBench.Stop);
        _ = await _cli.Bench.AvailableAsync("other");
        _ = await DeleteAsync();
        Assert.DoesNotContain("keyferry-shop", World.Groups.Keys);
    }

    [Fact]
    public async Task What_is_there_already_and_is_not_ours_is_refused()
    {
        await _cli.Bench.ParameterGroupAsync("keyferry-shop");
        var (code, _, error) = await _cli.RunAsync(Arguments("--yes"));
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("a parameter group named keyferry-shop", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_and_show_tell_what_there_is()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _ = World.Serverless.Add("cart");
        var list = await _cli.SucceedAsync("elasticache", "list");
        Assert.Matches(@"shop +available +redis 7\.1 +standalone cluster", list);
        Assert.Matches(@"cart +available +valkey 8\.1 +serverless cache", list);
        var show = await _cli.SucceedAsync("elasticache", "show", "shop");
        Assert.Contains("elasticache://shop?region=eu-north-1", show, StringComparison.Ordinal);
        Assert.Contains("do not suffice for a live migration", show, StringComparison.Ordinal);
    }

    private string Token() => (string?)JsonNode.Parse(_cli.Bench.Aws.Secrets.Values["keyferry/shop"])?["password"] ?? "";

    private static string Normal(string output) =>
        System.Text.RegularExpressions.Regex.Replace(
            output,
            @": (?:every|events).*",
            ": proved",
            System.Text.RegularExpressions.RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );

    private void Cut(int number, CallFate fate)
    {
        var (changes, cut) = (0, false);
        _cli.Bench.Aws.Fate = call =>
        {
            if (call.Contains(":Describe", StringComparison.Ordinal) || call.Contains(":Get", StringComparison.Ordinal))
            {
                return cut ? CallFate.LostBefore : CallFate.Normal;
            }

            if (cut || ++changes < number)
            {
                return cut ? CallFate.LostBefore : CallFate.Normal;
            }

            cut = true;
            return fate;
        };
    }

    private string[] Arguments(params string[] more) =>
        [
            "elasticache",
            "provision",
            "--id",
            "shop",
            "--engine",
            "redis",
            "--tls-ca",
            World.Certificate.AuthorityFile,
            "--work-dir",
            _cli.WorkDirectory,
            .. more,
        ];

    private Task<string> ProvisionAsync(params string[] more) =>
        _cli.SucceedAsync(more.Contains("--no-encryption") ? WithoutTls(more) : Arguments(more));

    private string[] WithoutTls(string[] more) =>
        [.. Arguments(more).Where(word => word != "--tls-ca" && word != World.Certificate.AuthorityFile)];

    private Task<string> DeleteAsync() => _cli.SucceedAsync("elasticache", "delete", "shop", "--yes", "--work-dir", _cli.WorkDirectory);
}
