using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Others;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Journeys;

/// <summary>Access denied for any one call: the message names the action, the resource, and the statement to add.</summary>
/// <remarks>
/// The calls are not listed here: each command is run once as it is, and what it called is then denied, one call after the other. That no call of Keyferry's is left out
/// follows from the double, which knows no other: a new one has to be made known to it, and then appears in no command's list until there is one that makes it.
/// </remarks>
public sealed class DenialTests
{
    /// <summary>All that IAM takes there: an ARN of six parts, or everything.</summary>
    private const string Resource = "\"(?:arn:aws:[a-z]+:[^:\"]*:[^:\"]*:[^\"]+|\\*)\"";

    /// <summary>What the double knows beside what the program calls: tests make caches with it, and other clients look whether they are let in.</summary>
    private static readonly string[] NotCalled =
    [
        "elasticache:CreateCacheCluster",
        "elasticache:DeleteCacheCluster",
        "cloudformation:ValidateTemplate",
        "sts:GetCallerIdentity",
    ];

    private static readonly string[] Provision =
    [
        "elasticache",
        "provision",
        "--id",
        "new",
        "--engine",
        "redis",
        "--yes",
        "--replicas",
        "0",
    ];
    private static readonly string[] Deploy =
    [
        "aws",
        "stack",
        "deploy",
        "--image",
        "image:1",
        "--yes",
        "--parameter",
        "SourceElastiCacheClusterId=shop",
        "--parameter",
        "TargetRedisURI=rediss://target",
    ];

    /// <summary>Commands, each with what has to be there before it.</summary>
    private static readonly Dictionary<string, Scene> Scenes = new(StringComparer.Ordinal)
    {
        ["enable, standalone"] = new(
            StandaloneAsync,
            ["notifications", "enable", "--elasticache", "shop", "--apply", "--work-dir", "WORK"]
        ),
        ["enable, replication group"] = new(
            GroupAsync,
            ["notifications", "enable", "--elasticache", "shop", "--apply", "--work-dir", "WORK"]
        ),
        ["restore, values"] = new(EnabledAsync, ["notifications", "restore", "--elasticache", "shop", "--work-dir", "WORK"]),
        ["restore, a copy"] = new(EnabledByCopyAsync, ["notifications", "restore", "--elasticache", "shop", "--work-dir", "WORK"]),
        ["list"] = new(StandaloneAsync, ["elasticache", "list"]),
        ["show"] = new(StandaloneAsync, ["elasticache", "show", "shop"]),
        ["show, serverless"] = new(ServerlessAsync, ["elasticache", "show", "cart"]),
        ["provision"] = new(NothingAsync, [.. Provision, "--work-dir", "WORK", "--tls-ca", "AUTHORITY"]),
        ["provision, in subnets"] = new(
            NothingAsync,
            [.. Provision, "--work-dir", "WORK", "--tls-ca", "AUTHORITY", "--subnet-group", "shop-subnets"]
        ),
        ["delete"] = new(ProvisionedAsync, ["elasticache", "delete", "new", "--yes", "--work-dir", "WORK"]),
        ["URI with a secret"] = new(SecretAsync, ["notifications", "test", "elasticache://shop?secret=shop"]),
        ["URI by a role"] = new(RoleAsync, ["notifications", "status", "elasticache://shop"]),
        ["URI by a web identity"] = new(WebIdentityAsync, ["notifications", "status", "elasticache://shop"]),
        ["stack, create"] = new(StandaloneAsync, Deploy),
        ["stack, update"] = new(DeployedAsync, [.. Deploy, "--parameter", "DesiredCount=0"]),
        ["stack, status"] = new(DeployedAsync, ["aws", "stack", "status"]),
        ["stack, logs"] = new(DeployedAsync, ["aws", "stack", "logs"]),
        ["stack, delete"] = new(DeployedAsync, ["aws", "stack", "delete", "--yes"]),
    };

    // The doctor's looks are denied one by one in Doctor/WayTests and Doctor/CacheDoctorTests: they are findings there, and no end.
    private static readonly string[] OfTheDoctor =
    [
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeRouteTables",
        "ec2:DescribeNetworkInterfaces",
        "elasticache:DescribeUpdateActions",
    ];

    public static TheoryData<string> Names => [.. Scenes.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_call_that_is_denied_names_action_resource_and_statement(string name)
    {
        var scene = Scenes[name];
        var calls = await CallsAsync(scene);
        Assert.NotEmpty(calls);
        foreach (var action in calls)
        {
            await using var cli = new CliBench(CliBench.Brief);
            await scene.Before(cli);
            cli.Bench.Aws.Deny(action);
            var (code, output, error) = await cli.RunAsync(Words(scene, cli));
            Assert.True(code == ExitCodes.Refused, $"{action}: {code}\n{output}\n{error}");
            Assert.Contains($"do not allow {action} on ", error, StringComparison.Ordinal);
            Assert.Matches(
                $$"""\{"Effect": "Allow", "Action": "{{action}}", "Resource": (?:{{Resource}}|\[{{Resource}}(?:, {{Resource}})+\])\}""",
                error
            );
        }
    }

    [Fact]
    public async Task Giving_a_cache_a_group_must_be_allowed_on_both_and_the_statement_says_so()
    {
        await using var cli = new CliBench(CliBench.Brief);
        _ = await cli.Bench.GroupAsync("shop");
        string[] enable = ["notifications", "enable", "--elasticache", "shop", "--apply", "--work-dir", cli.WorkDirectory];
        const string Arn = "arn:aws:elasticache:eu-north-1:111122223333:";
        cli.Bench.Aws.Deny("elasticache:ModifyReplicationGroup", on: "replicationgroup");
        var (_, _, error) = await cli.RunAsync(enable);
        Assert.Contains(
            $$"""{"Effect": "Allow", "Action": "elasticache:ModifyReplicationGroup", "Resource": ["{{Arn}}replicationgroup:shop", "{{Arn}}parametergroup:keyferry-*", "{{Arn}}parametergroup:default.*"]}""",
            error,
            StringComparison.Ordinal
        );
        // The name of a copy is new each time: the statement names the prefix.
        cli.Bench.Aws.Deny("elasticache:ModifyReplicationGroup", on: "parametergroup");
        (_, _, error) = await cli.RunAsync(enable);
        Assert.Contains(
            $"do not allow elasticache:ModifyReplicationGroup on {Arn}parametergroup:keyferry-shop-",
            error,
            StringComparison.Ordinal
        );
        Assert.Contains($"\"Resource\": \"{Arn}parametergroup:keyferry-*\"}}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("CreateSecret")]
    [InlineData("GetSecretValue")]
    public async Task Secret_is_named_by_its_ARN_although_AWS_names_it_as_it_was_asked_for(string call)
    {
        await using var cli = new CliBench(CliBench.Brief);
        cli.Bench.Aws.Deny($"secretsmanager:{call}");
        var authority = cli.Bench.Aws.World.Certificate.AuthorityFile;
        var (_, _, error) = await cli.RunAsync([.. Provision, "--work-dir", cli.WorkDirectory, "--tls-ca", authority]);
        Assert.Contains($"do not allow secretsmanager:{call} on keyferry/new.", error, StringComparison.Ordinal);
        Assert.Contains(
            "\"Resource\": \"arn:aws:secretsmanager:eu-north-1:111122223333:secret:keyferry/new-*\"}",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Secret_that_AWS_names_by_its_ARN_is_left_as_it_is()
    {
        await using var cli = new CliBench(CliBench.Brief);
        _ = await cli.Bench.StandaloneAsync("shop");
        cli.Bench.Aws.Secrets.Values["shop"] = "x";
        cli.Bench.Aws.Deny("secretsmanager:GetSecretValue");
        var arn = SecretsService.Arn("shop");
        var (_, _, error) = await cli.RunAsync("migrate", $"elasticache://shop?secret={arn}", "redis://127.0.0.1:1");
        Assert.Contains($"\"Resource\": \"{arn}\"}}", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_cache_must_be_allowed_on_all_that_it_names_and_the_statement_says_so()
    {
        await using var cli = new CliBench(CliBench.Brief);
        cli.Bench.Aws.Deny("elasticache:CreateReplicationGroup");
        var authority = cli.Bench.Aws.World.Certificate.AuthorityFile;
        var (_, _, error) = await cli.RunAsync([.. Provision, "--work-dir", cli.WorkDirectory, "--tls-ca", authority]);
        const string Arn = "arn:aws:elasticache:eu-north-1:111122223333:";
        Assert.Contains(
            $$"""{"Effect": "Allow", "Action": "elasticache:CreateReplicationGroup", "Resource": ["{{Arn}}replicationgroup:new", "{{Arn}}parametergroup:keyferry-*", "{{Arn}}subnetgroup:*"]}""",
            error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Every_call_that_the_double_knows_is_made_by_one_of_these_commands()
    {
        var made = new HashSet<string>(StringComparer.Ordinal);
        foreach (var scene in Scenes.Values)
        {
            made.UnionWith(await CallsAsync(scene));
        }

        await using var cli = new CliBench(CliBench.Brief);
        Assert.Equal(
            cli.Bench.Aws.KnownCalls.Except(NotCalled).Except(OfTheDoctor).Order(StringComparer.Ordinal),
            made.Order(StringComparer.Ordinal)
        );
    }

    /// <summary>The calls of a command that is denied nothing, each once, in order.</summary>
    private static async Task<IReadOnlyList<string>> CallsAsync(Scene scene)
    {
        await using var cli = new CliBench(CliBench.Brief);
        await scene.Before(cli);
        var before = cli.Bench.Aws.Calls.Count;
        _ = await cli.RunAsync(Words(scene, cli));
        return [.. cli.Bench.Aws.Calls.Skip(before).Distinct(StringComparer.Ordinal)];
    }

    private static string[] Words(Scene scene, CliBench cli) =>
        [
            .. scene.Command.Select(word =>
                word == "WORK" ? cli.WorkDirectory
                : word == "AUTHORITY" ? cli.Bench.Aws.World.Certificate.AuthorityFile
                : word
            ),
        ];

    private static Task NothingAsync(CliBench cli) => Task.CompletedTask;

    private static Task StandaloneAsync(CliBench cli) => cli.Bench.StandaloneAsync("shop");

    private static Task GroupAsync(CliBench cli) => cli.Bench.GroupAsync("shop");

    private static Task ServerlessAsync(CliBench cli)
    {
        _ = cli.Bench.Aws.World.Serverless.Add("cart");
        return Task.CompletedTask;
    }

    private static async Task EnabledAsync(CliBench cli)
    {
        // One value was set before, one was not: one is put back, the other reset.
        await cli.Bench.ParameterGroupAsync("mine", ("notify-keyspace-events", "Ex"));
        _ = await cli.Bench.StandaloneAsync("shop", "mine");
        await EnableAsync(cli, "--pubsub-buffers");
    }

    private static async Task EnabledByCopyAsync(CliBench cli)
    {
        _ = await cli.Bench.StandaloneAsync("shop");
        await EnableAsync(cli);
    }

    private static Task EnableAsync(CliBench cli, params string[] more) =>
        cli.SucceedAsync(["notifications", "enable", "--elasticache", "shop", "--apply", "--work-dir", cli.WorkDirectory, .. more]);

    private static async Task ProvisionedAsync(CliBench cli) =>
        _ = await cli.SucceedAsync([
            .. Provision,
            "--work-dir",
            cli.WorkDirectory,
            "--tls-ca",
            cli.Bench.Aws.World.Certificate.AuthorityFile,
        ]);

    private static async Task SecretAsync(CliBench cli)
    {
        _ = await cli.Bench.StandaloneAsync("shop");
        cli.Bench.Aws.Secrets.Values["shop"] = "x";
    }

    private static async Task RoleAsync(CliBench cli)
    {
        _ = await cli.Bench.StandaloneAsync("shop");
        var file = cli.FileOf("config");
        await File.WriteAllTextAsync(
            file,
            $"[profile base]\naws_access_key_id = {AwsServer.AccessKey}\naws_secret_access_key = {AwsServer.SecretKey}\n"
                + "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/r\nsource_profile = base\n",
            AwsBench.Stop
        );
        cli.Variables["AWS_CONFIG_FILE"] = file;
        cli.Variables["AWS_PROFILE"] = "role";
    }

    private static async Task WebIdentityAsync(CliBench cli)
    {
        _ = await cli.Bench.StandaloneAsync("shop");
        var file = cli.FileOf("token");
        await File.WriteAllTextAsync(file, "a.web.token", AwsBench.Stop);
        _ = cli.Variables.Remove("AWS_ACCESS_KEY_ID");
        _ = cli.Variables.Remove("AWS_SECRET_ACCESS_KEY");
        cli.Variables["AWS_WEB_IDENTITY_TOKEN_FILE"] = file;
        cli.Variables["AWS_ROLE_ARN"] = "arn:aws:iam::111122223333:role/r";
    }

    private static async Task DeployedAsync(CliBench cli)
    {
        _ = await cli.Bench.StandaloneAsync("shop");
        _ = await cli.SucceedAsync(Deploy);
    }

    /// <summary>A command.</summary>
    /// <param name="Before">Sets up what it needs.</param>
    /// <param name="Command">Its words; WORK and AUTHORITY stand for the bench's.</param>
    private sealed record Scene(Func<CliBench, Task> Before, string[] Command);
}
