using Keyferry.Aws.Stacks;
using Keyferry.AwsDouble;
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

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

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
        Assert.Contains("DELETE_COMPLETE", await _cli.SucceedAsync("aws", "stack", "delete", "--yes"), StringComparison.Ordinal);
        Assert.Contains("there is no stack", await _cli.SucceedAsync("aws", "stack", "delete", "--yes"), StringComparison.Ordinal);
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
    [InlineData("Give TargetSecretArn, or TargetRedisURI", "SourceElastiCacheClusterId=shop")]
    [InlineData(
        "not both",
        "SourceElastiCacheClusterId=shop",
        "TargetRedisURI=rediss://t",
        "TargetSecretArn=arn:aws:secretsmanager:eu-north-1:111122223333:secret:t"
    )]
    [InlineData("must be one of AllowedValues", "SourceElastiCacheClusterId=shop", "TargetRedisURI=rediss://t", "SyncMode=SOMETIMES")]
    [InlineData("failed to satisfy constraint", "SourceElastiCacheClusterId=a b", "TargetRedisURI=rediss://t")]
    public async Task What_the_template_forbids_is_refused_with_its_own_words(string words, params string[] parameters)
    {
        string[] given = [.. parameters.SelectMany(static one => new[] { "--parameter", one })];
        var (code, _, error) = await _cli.RunAsync(["aws", "stack", "deploy", "--image", "image:1", "--yes", .. given]);
        Assert.Equal(ExitCodes.Failed, code);
        Assert.Contains(words, error, StringComparison.Ordinal);
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
