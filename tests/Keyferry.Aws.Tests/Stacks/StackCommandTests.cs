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
}
