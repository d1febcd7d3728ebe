using Keyferry.Aws.ElastiCache;
using Keyferry.AwsDouble;
using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Notifications;

/// <summary>Interrupted at any call: the same command goes on, and restore leaves nothing behind.</summary>
public sealed class InterruptionTests : IAsyncLifetime
{
    private readonly CliBench _cli = new();

    private CacheWorld World => _cli.Bench.Aws.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData(CallFate.LostBefore)]
    [InlineData(CallFate.LostAfter)]
    public async Task Cut_at_each_call_of_enable_in_turn_it_ends_enabled_and_restore_ends_as_it_began(CallFate fate)
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        var (finished, cuts) = (false, 0);
        while (!finished)
        {
            // A call that was cut before it was carried out is the first one again next time.
            CutAtChange(fate == CallFate.LostBefore && cuts > 0 ? 2 : 1, fate);
            finished = (await RunAsync("enable", "--apply")).Code == ExitCodes.Ok;
            cuts += finished ? 0 : 1;
        }

        Assert.Equal(3, cuts);
        var group = World.Groups[World.Nodes["shop"].Group];
        Assert.Equal("AE", group.Values["notify-keyspace-events"]);
        _cli.Bench.Aws.Fate = static _ => CallFate.Normal;
        Assert.Equal(ExitCodes.Ok, (await RunAsync("restore")).Code);
        AsItBegan();
    }

    [Theory]
    [InlineData(1, CallFate.LostBefore)]
    [InlineData(1, CallFate.LostAfter)]
    [InlineData(2, CallFate.LostAfter)]
    [InlineData(3, CallFate.LostBefore)]
    [InlineData(3, CallFate.LostAfter)]
    public async Task Cut_anywhere_restore_leaves_nothing_behind(int change, CallFate fate)
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        CutAtChange(change, fate);
        Assert.NotEqual(ExitCodes.Ok, (await RunAsync("enable", "--apply")).Code);
        // Restore is cut as well, once, and run again.
        CutAtChange(1, fate);
        _ = await RunAsync("restore");
        _cli.Bench.Aws.Fate = static _ => CallFate.Normal;
        Assert.Equal(ExitCodes.Ok, (await RunAsync("restore")).Code);
        AsItBegan();
        Assert.Contains("nothing to put back", (await RunAsync("restore")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_is_being_modified_is_waited_for()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        World.Nodes["shop"].Status = "modifying";
        var tries = 0;
        _cli.Bench.Aws.Fate = call =>
        {
            if (call == "elasticache:ModifyCacheCluster" && ++tries == 3)
            {
                World.Nodes["shop"].Status = "available";
            }

            return CallFate.Normal;
        };
        var (code, output, _) = await RunAsync("enable", "--apply");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("waiting: shop is not in the available state", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("elasticache:DescribeReplicationGroups")]
    [InlineData("elasticache:DescribeCacheClusters")]
    [InlineData("elasticache:DescribeCacheParameterGroups")]
    [InlineData("elasticache:DescribeCacheParameters")]
    [InlineData("elasticache:CreateCacheParameterGroup")]
    [InlineData("elasticache:ModifyCacheParameterGroup")]
    [InlineData("elasticache:ModifyCacheCluster")]
    public async Task Denied_call_names_action_resource_and_statement_and_a_second_try_goes_on(string action)
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        _cli.Bench.Aws.Deny(action);
        var (code, _, error) = await RunAsync("enable", "--apply");
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains($"do not allow {action} on arn:aws:elasticache:", error, StringComparison.Ordinal);
        Assert.Matches($$"""\{"Effect": "Allow", "Action": "{{action}}", "Resource": \[?"arn:aws:""", error);
        _cli.Bench.Aws.AllowAll();
        Assert.Equal(ExitCodes.Ok, (await RunAsync("enable", "--apply")).Code);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("restore")).Code);
        AsItBegan();
    }

    [Fact]
    public async Task A_cache_that_was_deleted_meanwhile_leaves_only_the_group_to_remove()
    {
        _ = await _cli.Bench.StandaloneAsync("shop");
        Assert.Equal(ExitCodes.Ok, (await RunAsync("enable", "--apply")).Code);
        _ = await _cli.Bench.Client.ChangeAsync(new CacheChange("DeleteCacheCluster", "", [("CacheClusterId", "shop")]), AwsBench.Stop);
        while (World.Nodes.ContainsKey("shop"))
        {
            await Task.Delay(20, AwsBench.Stop);
        }

        Assert.Equal(ExitCodes.Ok, (await RunAsync("restore")).Code);
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
    }

    private void AsItBegan()
    {
        Assert.Equal("default.redis7", World.Nodes["shop"].Group);
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
    }

    /// <summary>Cuts the n-th call that changes something, as often as it is tried within one command.</summary>
    private void CutAtChange(int number, CallFate fate)
    {
        var (changes, cut) = (0, "");
        _cli.Bench.Aws.Fate = call =>
        {
            if (call.Contains(":Describe", StringComparison.Ordinal))
            {
                // What was cut is cut for good: the program must end here, as if it had been killed.
                return cut.Length > 0 ? CallFate.LostBefore : CallFate.Normal;
            }

            changes += cut.Length == 0 ? 1 : 0;
            if (changes < number)
            {
                return CallFate.Normal;
            }

            var first = cut.Length == 0;
            cut = call;
            return first ? fate : CallFate.LostBefore;
        };
    }

    private Task<(int Code, string Out, string Error)> RunAsync(string verb, params string[] more) =>
        _cli.RunAsync(["notifications", verb, "--elasticache", "shop", "--work-dir", _cli.WorkDirectory, .. more]);
}
