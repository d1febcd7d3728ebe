using Keyferry.Cli.Input;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Calls;

/// <summary>The variables of migration guides, from the environment and from <c>.env</c>, and those by which AWS's tools choose an endpoint.</summary>
public sealed class VariablesTests : IAsyncLifetime
{
    private const string Token = "a-token-of-sixteen!";
    private readonly CliBench _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Host_port_password_and_TLS_name_a_source(bool fromFile)
    {
        _ = await _cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("AuthToken", Token)]);
        var node = _cli.Bench.Aws.World.Nodes["shop-001"];
        Dictionary<string, string> guide = new(StringComparer.Ordinal)
        {
            ["REDIS_SOURCE_HOST"] = "127.0.0.1",
            ["REDIS_SOURCE_PORT"] = $"{node.Server.Port}",
            ["REDIS_SOURCE_PASSWORD"] = Token,
            ["REDIS_SOURCE_TLS"] = "true",
        };
        Give(guide, fromFile);
        string[] status = ["doctor", "--source-tls-ca", _cli.Bench.Aws.World.Certificate.AuthorityFile];
        var (code, output, error) = await _cli.RunAsync(status);
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("TLS, login and commands work", output, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, output + error, StringComparison.Ordinal);

        guide["REDIS_SOURCE_PASSWORD"] = "another-of-sixteen!";
        Give(guide, fromFile);
        Assert.Contains("login failed", (await _cli.RunAsync(status)).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_alone_tells_the_cache_where_only_AWS_can_help()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _cli.Variables["REDIS_SOURCE_HOST"] = "shop.abc123.0001.eun1.cache.amazonaws.com";
        _ = _cli.Variables.Remove("AWS_REGION");
        foreach (string[] command in new[] { (string[])["enable"], ["enable", "--apply"], ["status"], ["restore"] })
        {
            var (code, output, error) = await _cli.RunAsync([
                "notifications",
                .. command,
                .. command[0] == "status" ? (string[])[] : ["--work-dir", _cli.WorkDirectory],
            ]);
            Assert.True(code is ExitCodes.Ok, output + error);
            Assert.Contains("an endpoint of the cache shop in eu-north-1", error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("REDIS_SOURCE_PORT", "six", "REDIS_SOURCE_PORT is \"six\"")]
    [InlineData("REDIS_SOURCE_PORT", "70000", "REDIS_SOURCE_PORT is \"70000\"")]
    [InlineData("REDIS_SOURCE_TLS", "perhaps", "REDIS_SOURCE_TLS is \"perhaps\"")]
    [InlineData("AWS_REGION", "Stockholm!", "\"Stockholm!\" is no AWS region")]
    public async Task Wrong_values_are_told_by_their_names(string name, string value, string words)
    {
        _cli.Variables["REDIS_SOURCE_HOST"] = "127.0.0.1";
        _cli.Variables[name] = value;
        string[] command = name == "AWS_REGION" ? ["elasticache", "list"] : ["doctor"];
        var (code, _, error) = await _cli.RunAsync(command);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(words, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_comes_before_the_file_and_options_before_both()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _cli.EnvFile = EnvFile.Parse(["ELASTICACHE_CLUSTER_ID=of-the-file", "AWS_REGION=us-east-1"]);
        _cli.Variables["ELASTICACHE_CLUSTER_ID"] = "shop";
        Assert.Contains("shop: standalone cluster", (await _cli.RunAsync("notifications", "status")).Out, StringComparison.Ordinal);
        var (_, _, error) = await _cli.RunAsync("notifications", "status", "--elasticache", "of-the-option");
        Assert.Contains("named of-the-option in eu-north-1", error, StringComparison.Ordinal);
        (_, _, error) = await _cli.RunAsync("notifications", "status", "--elasticache", "of-the-option", "--region", "eu-west-1");
        Assert.Contains("in eu-west-1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Endpoint_of_the_option_wins_over_the_service_s_and_that_over_the_common_one()
    {
        const string Nowhere = "http://127.0.0.1:1";
        var there = _cli.Bench.Aws.Url;
        await ReachesAsync(true, ("AWS_ENDPOINT_URL", there));
        await ReachesAsync(true, ("AWS_ENDPOINT_URL", Nowhere), ("AWS_ENDPOINT_URL_ELASTICACHE", there));
        await ReachesAsync(false, ("AWS_ENDPOINT_URL", there), ("AWS_ENDPOINT_URL_ELASTICACHE", Nowhere));
        _cli.Variables["AWS_ENDPOINT_URL"] = Nowhere;
        _cli.Variables["AWS_ENDPOINT_URL_ELASTICACHE"] = Nowhere;
        Assert.Contains(
            "no Redis or Valkey cache",
            await _cli.SucceedAsync("elasticache", "list", "--endpoint-url", there),
            StringComparison.Ordinal
        );
        var (code, _, error) = await _cli.RunAsync("elasticache", "list", "--endpoint-url", "ftp://there");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("is no http or https URL", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_service_has_a_variable_of_its_own()
    {
        _ = _cli.Variables.Remove("AWS_ENDPOINT_URL");
        foreach (var service in (string[])["ELASTICACHE", "EC2", "STS", "CLOUDFORMATION", "SECRETS_MANAGER", "CLOUDWATCH_LOGS"])
        {
            _cli.Variables[$"AWS_ENDPOINT_URL_{service}"] = _cli.Bench.Aws.Url;
        }

        _ = await _cli.Bench.StandaloneAsync("shop");
        _cli.Bench.Aws.Secrets.Values["shop"] = "x";
        // The secret is read; that the cache does not want it is another matter.
        _ = await _cli.RunAsync("notifications", "test", "elasticache://shop?secret=shop");
        string[] deploy = ["aws", "stack", "deploy", "--image", "i", "--yes", "--parameter", "SourceElastiCacheClusterId=shop"];
        _ = await _cli.SucceedAsync([.. deploy, "--parameter", "TargetRedisURI=rediss://t"]);
        _ = await _cli.SucceedAsync("aws", "stack", "logs");
        string[] made =
        [
            "elasticache:DescribeReplicationGroups",
            "secretsmanager:GetSecretValue",
            "cloudformation:CreateStack",
            "logs:FilterLogEvents",
        ];
        Assert.Subset(_cli.Bench.Aws.Calls.ToHashSet(StringComparer.Ordinal), made.ToHashSet(StringComparer.Ordinal));
    }

    private async Task ReachesAsync(bool reaches, params (string Name, string Value)[] variables)
    {
        _ = _cli.Variables.Remove("AWS_ENDPOINT_URL");
        _ = _cli.Variables.Remove("AWS_ENDPOINT_URL_ELASTICACHE");
        foreach (var (name, value) in variables)
        {
            _cli.Variables[name] = value;
        }

        var (code, _, _) = await _cli.RunAsync("elasticache", "list");
        Assert.Equal(reaches ? ExitCodes.Ok : ExitCodes.Unreachable, code);
    }

    private void Give(Dictionary<string, string> guide, bool fromFile)
    {
        if (fromFile)
        {
            _cli.EnvFile = EnvFile.Parse(guide.Select(static one => $"{one.Key}={one.Value}"));
            return;
        }

        foreach (var (name, value) in guide)
        {
            _cli.Variables[name] = value;
        }
    }
}
