using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.AwsDouble;
using Keyferry.Model;

namespace Keyferry.Aws.Tests.Calls;

public sealed class CallerTests : IAsyncLifetime
{
    private readonly AwsBench _bench = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Throttling_faults_and_lost_connections_are_tried_again()
    {
        var fates = new Queue<CallFate>([CallFate.Throttled, CallFate.Fault, CallFate.LostBefore]);
        _bench.Aws.Fate = _ => fates.TryDequeue(out var fate) ? fate : CallFate.Normal;
        Assert.Empty(await _bench.Client.ClustersAsync(null, AwsBench.Stop));
        Assert.Empty(fates);
    }

    [Fact]
    public async Task Other_errors_are_not()
    {
        var failed = await Assert.ThrowsAsync<AwsException>(async () => await _bench.Client.ClustersAsync("nope", AwsBench.Stop));
        Assert.Equal(("CacheClusterNotFound", 404), (failed.Code, failed.Status));
        _ = Assert.Single(_bench.Aws.Calls);
    }

    [Fact]
    public async Task What_is_denied_names_action_resource_and_statement()
    {
        _bench.Aws.Deny("elasticache:DescribeCacheClusters");
        var failed = await Assert.ThrowsAsync<AwsException>(async () => await _bench.Client.ClustersAsync("shop", AwsBench.Stop));
        var told = AwsTrouble.Explain(failed);
        Assert.Equal(FailureKind.Refused, told.Kind);
        Assert.Contains(
            "do not allow elasticache:DescribeCacheClusters on arn:aws:elasticache:eu-north-1:111122223333:cluster:shop",
            told.Saw,
            StringComparison.Ordinal
        );
        Assert.Contains(
            """{"Effect": "Allow", "Action": "elasticache:DescribeCacheClusters", "Resource": "arn:aws:elasticache:eu-north-1:111122223333:cluster:shop"}""",
            told.Remedy,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task An_explicit_denial_says_that_no_permission_helps()
    {
        _bench.Aws.Deny("elasticache:DescribeCacheClusters", "with an explicit deny in a service control policy");
        var failed = await Assert.ThrowsAsync<AwsException>(async () => await _bench.Client.ClustersAsync("shop", AwsBench.Stop));
        var told = AwsTrouble.Explain(failed);
        Assert.Contains("service control policy", told.Saw, StringComparison.Ordinal);
        Assert.DoesNotContain("Add this statement", told.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AWS_SECRET_ACCESS_KEY", "wrong", "does not accept the signature")]
    [InlineData("AWS_ACCESS_KEY_ID", "AKIDOTHER", "does not know the access key")]
    [InlineData("AWS_SESSION_TOKEN", "old", "does not know the access key")]
    public async Task Wrong_credentials_are_told_apart(string name, string value, string words)
    {
        _bench.Variables[name] = value;
        var failed = await Assert.ThrowsAsync<AwsException>(async () => await _bench.Client.ClustersAsync(null, AwsBench.Stop));
        var told = AwsTrouble.Explain(failed);
        Assert.Equal(FailureKind.Unreachable, told.Kind);
        Assert.Contains(words, told.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lists_longer_than_a_page_are_read_to_the_end()
    {
        for (var index = 0; index < 104; index++)
        {
            _ = await _bench.Client.ChangeAsync(CacheChange.CreateGroup($"group-{index}", "redis7", "one of many", ""), AwsBench.Stop);
        }

        Assert.NotNull(await _bench.Client.ParameterGroupAsync("group-103", AwsBench.Stop));
        var all = await new QueryClient(_bench.Caller, "elasticache", "2015-02-02").ListAsync(
            "DescribeCacheParameterGroups",
            "CacheParameterGroups",
            "Marker",
            [],
            AwsBench.Stop
        );
        Assert.Equal(112, all.Count);
    }

    [Fact]
    public async Task Unreachable_endpoint_is_told_with_the_region()
    {
        _bench.Variables["AWS_ENDPOINT_URL_ELASTICACHE"] = "http://127.0.0.1:1";
        var failed = await Assert.ThrowsAsync<KeyferryException>(async () => await _bench.Client.ClustersAsync(null, AwsBench.Stop));
        Assert.Equal(FailureKind.Unreachable, failed.Kind);
        Assert.Contains("eu-north-1", failed.Remedy, StringComparison.Ordinal);
    }
}
