using Keyferry.Aws.Stacks;
using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Wire;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Stacks;

/// <summary><c>keyferry aws stack</c> against the double, which keeps stacks and checks their parameters, and builds nothing.</summary>
public sealed class StackCommandTests : IAsyncLifetime
{
    private static readonly string[] _guide =
    [
        "--parameter",
        "SourceElastiCacheClusterId=shop",
        "--parameter",
        "TargetRedisURI=rediss://:hunter2@target:12850",
        "--parameter",
        "SyncMode=LIVE",
        "--parameter",
        "EnableLiveSync=true",
    ];

    private readonly CliBench _cli = new();

    public ValueTask InitializeAsync()
    {
        // A cache without a server of its own: nothing connects to it here.
        _ = _cli.Bench.Aws.World.Serverless.Add("shop");
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task Stack_is_planned_created_updated_shown_read_and_deleted()
    {
        var plan = await _cli.SucceedAsync(["aws", "stack", "deploy", "--image", "image:1", .. _guide]);
        Assert.Contains("cloudformation:CreateStack StackName=keyferry", plan, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", plan, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", plan, StringComparison.Ordinal);

        var made = await _cli.SucceedAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. _guide]);
        Assert.Contains("CREATE_COMPLETE", made, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", made, StringComparison.Ordinal);

        _ = await _cli.SucceedAsync("aws", "stack", "deploy", "--image", "image:1", "--yes", "--parameter", "DesiredCount=0");
        var parameters = _cli.Bench.Aws.Stacks.ParametersOf("keyferry");
        Assert.Equal(("0", "shop"), (parameters["DesiredCount"], parameters["SourceElastiCacheClusterId"]));
        var same = await _cli.SucceedAsync("aws", "stack", "deploy", "--image", "image:1", "--yes", "--parameter", "DesiredCount=0");
        Assert.Contains("nothing is to be changed", same, StringComparison.Ordinal);

        Assert.Contains("UPDATE_COMPLETE", await _cli.SucceedAsync("aws", "stack", "status"), StringComparison.Ordinal);
        Assert.Contains("following: lag 3 ms", await _cli.SucceedAsync("aws", "stack", "logs"), StringComparison.Ordinal);
        var deleted = await _cli.SucceedAsync("aws", "stack", "delete", "--yes");
        Assert.Contains("DELETE_COMPLETE", deleted, StringComparison.Ordinal);
        // What had happened to it before is none of this command's.
        Assert.DoesNotContain("UPDATE_COMPLETE", deleted, StringComparison.Ordinal);
        Assert.Contains("DELETE_SKIPPED          Logs", deleted, StringComparison.Ordinal);
        Assert.Contains("there is no stack", await _cli.SucceedAsync("aws", "stack", "delete", "--yes"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rediss://:hunter2@target:443")]
    [InlineData("rediss://:hunter2@target:2049")]
    [InlineData("rediss://:hunter2@target:6380")]
    public async Task Task_is_let_out_to_each_place_once(string target)
    {
        var made = await _cli.SucceedAsync([
            "aws",
            "stack",
            "deploy",
            "--image",
            "image:1",
            "--yes",
            .. _guide,
            "--parameter",
            $"TargetRedisURI={target}",
        ]);
        Assert.Contains("CREATE_COMPLETE", made, StringComparison.Ordinal);
        Assert.DoesNotContain("AlarmTopic", made, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Target_that_is_no_URI_is_refused_before_any_call()
    {
        string[] deploy = ["aws", "stack", "deploy", "--image", "image:1", "--yes", .. _guide, "--parameter", "TargetRedisURI=notauri"];
        var (code, _, error) = await _cli.RunAsync(deploy);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("TargetRedisURI", error, StringComparison.Ordinal);
        Assert.Contains("rediss://user:password@host:port", error, StringComparison.Ordinal);
        Assert.Empty(_cli.Bench.Aws.Calls);
    }

    [Fact]
    public async Task Rollback_is_a_failure_that_names_its_reason()
    {
        _cli.Bench.Aws.Stacks.NextFails = "Resource handler returned message: no such subnet";
        var (code, output, _) = await _cli.RunAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. _guide]);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("no such subnet", output, StringComparison.Ordinal);
        Assert.Contains("ROLLBACK_COMPLETE", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stack_that_was_rolled_back_at_its_creation_is_deleted_first()
    {
        _cli.Bench.Aws.Stacks.NextFails = "no such subnet";
        _ = await DeployAsync();
        var (code, _, error) = await DeployAsync();
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("can only be deleted", error, StringComparison.Ordinal);
        (code, var output, _) = await _cli.RunAsync("aws", "stack", "status");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("no such subnet", output, StringComparison.Ordinal);
        _ = await _cli.SucceedAsync("aws", "stack", "delete", "--yes");
        Assert.Equal(ExitCodes.Ok, (await DeployAsync()).Code);
    }

    [Fact]
    public async Task Update_that_is_rolled_back_leaves_a_stack_that_can_be_updated_again()
    {
        _ = await DeployAsync();
        _cli.Bench.Aws.Stacks.NextFails = "not enough capacity";
        var (code, output, _) = await DeployAsync("--parameter", "DesiredCount=0");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("not enough capacity", output, StringComparison.Ordinal);
        Assert.Contains("UPDATE_ROLLBACK_COMPLETE", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await DeployAsync("--parameter", "MaxLagSeconds=60")).Code);
    }

    [Fact]
    public async Task Deletion_that_fails_is_told_with_its_reason()
    {
        _ = await DeployAsync();
        _cli.Bench.Aws.Stacks.NextFails = "the network interface is in use";
        var (code, output, _) = await _cli.RunAsync("aws", "stack", "delete", "--yes");
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains("DELETE_FAILED", output, StringComparison.Ordinal);
        Assert.Contains("the network interface is in use", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CallFate.LostBefore)]
    [InlineData(CallFate.LostAfter)]
    public async Task Deploy_whose_call_is_lost_makes_one_stack(CallFate fate)
    {
        var lost = false;
        _cli.Bench.Aws.Fate = call =>
        {
            if (call != "cloudformation:CreateStack" || lost)
            {
                return CallFate.Normal;
            }

            lost = true;
            return fate;
        };
        var (code, output, error) = await DeployAsync();
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("CREATE_COMPLETE", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deploy_that_was_interrupted_is_waited_for_and_then_gone_on_with()
    {
        // As if another process had begun it and had been ended: the stack is there, and not done.
        _ = await _cli.Bench.Aws.Stacks.BeginAsync(
            "keyferry",
            StackTemplate.Write("image:1"),
            ("SourceElastiCacheClusterId", "shop"),
            ("TargetRedisURI", "rediss://t")
        );
        var (code, output, error) = await DeployAsync("--parameter", "DesiredCount=0");
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("waiting for its end first", output, StringComparison.Ordinal);
        Assert.Equal("0", _cli.Bench.Aws.Stacks.ParametersOf("keyferry")["DesiredCount"]);
    }

    [Theory]
    [InlineData("No target was given", "SourceElastiCacheClusterId=shop")]
    [InlineData(
        "Name the target once",
        "SourceElastiCacheClusterId=shop",
        "TargetRedisURI=rediss://t",
        "TargetSecretArn=arn:aws:secretsmanager:eu-north-1:111122223333:secret:t"
    )]
    [InlineData("SyncMode is none of LIVE, SNAPSHOT", "SourceElastiCacheClusterId=shop", "TargetRedisURI=rediss://t", "SyncMode=SOMETIMES")]
    [InlineData("SourceElastiCacheClusterId is not of the form", "SourceElastiCacheClusterId=a b", "TargetRedisURI=rediss://t")]
    [InlineData(
        "TargetPort is not a number from 0 to 65535",
        "SourceElastiCacheClusterId=shop",
        "TargetRedisURI=rediss://t",
        "TargetPort=many"
    )]
    [InlineData("names port 12850", "SourceElastiCacheClusterId=shop", "TargetRedisURI=rediss://t:12850", "TargetPort=6379")]
    [InlineData("no scheme of a Redis-compatible server", "SourceElastiCacheClusterId=shop", "TargetRedisURI=http://t")]
    [InlineData("may not log in to the target other", "SourceElastiCacheClusterId=shop", "TargetRedisURI=elasticache://other?secret=s")]
    [InlineData("named nope in eu-north-1", "SourceElastiCacheClusterId=nope", "TargetRedisURI=rediss://t")]
    public async Task What_cannot_work_is_refused_in_the_plan_already(string words, params string[] parameters)
    {
        string[] given = [.. parameters.SelectMany(static one => new[] { "--parameter", one })];
        var (code, output, error) = await _cli.RunAsync(["aws", "stack", "deploy", "--image", "image:1", .. given]);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains(words, error, StringComparison.Ordinal);
        Assert.DoesNotContain("cloudformation:CreateStack", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Template_s_own_rules_hold_for_every_other_client()
    {
        var refusal = await Assert.ThrowsAsync<RefusalException>(() =>
            _cli.Bench.Aws.Stacks.BeginAsync("plain", StackTemplate.Write("image:1"), ("SourceElastiCacheClusterId", "shop"))
        );
        Assert.Contains("Give TargetSecretArn, or TargetRedisURI", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Task_is_let_out_to_the_port_that_the_target_s_uri_names_and_warned_of_where_it_is_not_encrypted()
    {
        // The guide's own command line.
        string[] plain = ["--parameter", "TargetRedisURI=redis://:hunter2@redis-cloud.com:12850"];
        var (code, output, error) = await DeployAsync(plain);
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("TargetPort = 12850", output, StringComparison.Ordinal);
        Assert.Contains("warning: the target redis-cloud.com is named without TLS", error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", output + error, StringComparison.Ordinal);
        Assert.Equal("12850", _cli.Bench.Aws.Stacks.ParametersOf("keyferry")["TargetPort"]);
        // Another target displaces the one before it, and its port.
        string[] secret = ["--parameter", "TargetSecretArn=arn:aws:secretsmanager:eu-north-1:111122223333:secret:t"];
        _ = await _cli.SucceedAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. secret]);
        var parameters = _cli.Bench.Aws.Stacks.ParametersOf("keyferry");
        Assert.Equal(("0", ""), (parameters["TargetPort"], parameters["TargetRedisURI"]));
        (code, _, error) = await DeployAsync();
        Assert.Equal(ExitCodes.Ok, code);
        Assert.DoesNotContain("warning", error, StringComparison.Ordinal);
        parameters = _cli.Bench.Aws.Stacks.ParametersOf("keyferry");
        Assert.Equal(("12850", ""), (parameters["TargetPort"], parameters["TargetSecretArn"]));
    }

    [Fact]
    public async Task Task_may_run_in_as_many_zones_as_the_cache_has()
    {
        _ = await _cli.Bench.StandaloneAsync("alone");
        _cli.Bench.Aws.World.CacheSubnets.Add("subnet-0c3", "c");
        _ = await DeployAsync("--stack", "three", "--parameter", "SourceElastiCacheClusterId=alone");
        Assert.Equal("3", _cli.Bench.Aws.Stacks.ParametersOf("three")["AvailabilityZones"]);
        _ = await DeployAsync("--stack", "one", "--parameter", "SourceElastiCacheClusterId=alone", "--parameter", "AvailabilityZones=1");
        Assert.Equal("1", _cli.Bench.Aws.Stacks.ParametersOf("one")["AvailabilityZones"]);
    }

    [Fact]
    public async Task Nothing_shows_the_target_s_password()
    {
        var (_, output, error) = await DeployAsync();
        output += error + await _cli.SucceedAsync("aws", "stack", "status");
        Assert.DoesNotContain("hunter2", output, StringComparison.Ordinal);
        Assert.Contains("TargetRedisURI = ****", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_and_logs_of_a_stack_that_is_not_there_say_so()
    {
        foreach (var verb in (string[])["status", "logs"])
        {
            var (code, _, error) = await _cli.RunAsync("aws", "stack", verb, "--stack", "nope");
            Assert.Equal(ExitCodes.Usage, code);
            Assert.Contains("There is no stack nope in eu-north-1", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Wrong_and_missing_parameters_are_told_before_any_call()
    {
        var (code, _, error) = await _cli.RunAsync("aws", "stack", "deploy", "--image", "i", "--parameter", "Sourc=shop");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("no parameter Sourc", error, StringComparison.Ordinal);
        (code, _, error) = await _cli.RunAsync("aws", "stack", "deploy", "--parameter", "SyncMode=LIVE");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("SourceElastiCacheClusterId, ContainerImage", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cloudformation:CreateStack")]
    [InlineData("cloudformation:DescribeStacks")]
    [InlineData("cloudformation:DescribeStackEvents")]
    public async Task Denied_call_names_the_statement(string action)
    {
        _cli.Bench.Aws.Deny(action);
        var (code, _, error) = await _cli.RunAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. _guide]);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains(
            $$"""{"Effect": "Allow", "Action": "{{action}}", "Resource": "arn:aws:cloudformation:""",
            error,
            StringComparison.Ordinal
        );
    }

    private Task<(int Code, string Out, string Error)> DeployAsync(params string[] more) =>
        _cli.RunAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. _guide, .. more]);
}
