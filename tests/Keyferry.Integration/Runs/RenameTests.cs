using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Runs;

/// <summary>Keys are called otherwise on the target, for everything that happens to them; and no two of them become one.</summary>
public sealed class RenameTests
{
    private static readonly KeyRename[] Prefix = [new PrefixRename("old:", "new:")];

    [Fact]
    public async Task Keys_of_every_type_and_size_get_their_new_names_and_keep_them_through_changes_and_deletes()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("old:string", "1", TimeSpan.FromMinutes(5));
        await from.StringSetAsync("old:large", new string('x', 200_000));
        await from.SetAddAsync("old:set", [.. Enumerable.Range(0, 2000).Select(static i => (RedisValue)$"member {i}")]);
        await from.StreamAddAsync("old:stream", "f", "v");
        await from.ExecuteAsync("XGROUP", "CREATE", "old:stream", "g", "0");
        await from.StringSetAsync("old:gone", "1");
        await from.StringSetAsync("other", "1");
        await to.StringSetAsync("new:surplus", "1");
        await to.StringSetAsync("old:own", "mine");
        using var run = pair.Start(static options =>
            options with
            {
                Names = new KeyNames([], [], slots: null, Prefix),
                TargetKeys = TargetKeys.Replace,
                LargeValue = 50_000,
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        Assert.Equal(["new:gone", "new:large", "new:set", "new:stream", "new:string", "old:own", "other"], await Pair.NamesAsync(to));
        await from.KeyDeleteAsync("old:gone");
        await from.StringAppendAsync("old:large", "y");
        await from.HashSetAsync("old:hash", "f", "v");
        await from.KeyRenameAsync("other", "old:other");
        await from.KeyExpireAsync("old:set", TimeSpan.FromMinutes(1));
        await Pair.EndAsync(run, equal: 6);

        Assert.Equal(["new:hash", "new:large", "new:other", "new:set", "new:stream", "new:string", "old:own"], await Pair.NamesAsync(to));
        Assert.Equal(200_001, await to.StringLengthAsync("new:large"));
        await pair.VerifyAsync(ExitCodes.Ok, "--rename-prefix", "old:=new:");
        await pair.VerifyAsync(ExitCodes.Differences);
        await to.StringSetAsync("new:surplus", "1");
        await pair.VerifyAsync(ExitCodes.Differences, "--rename-prefix", "old:=new:");
        await to.KeyDeleteAsync("new:surplus");
        await to.SetRemoveAsync("new:set", "member 7");
        await pair.VerifyAsync(ExitCodes.Differences, "--rename-prefix", "old:=new:");
    }

    [Fact]
    public async Task An_expression_moves_the_parts_of_names()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        for (var user = 0; user < 50; user++)
        {
            await from.StringSetAsync($"user:{user}:cart", user);
            await from.HashSetAsync($"user:{user}:profile", "n", user);
        }

        using var run = pair.Start(static options =>
            options with
            {
                Names = new KeyNames(["user:*"], [], slots: null, [new PatternRename(@"^user:(\d+):([a-z]+)$", "$2:{$1}")]),
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.KeyDeleteAsync("user:7:cart");
        await from.StringSetAsync("user:99:cart", "99");
        await Pair.EndAsync(run, equal: 100);

        Assert.Equal("99", await to.StringGetAsync("cart:{99}"));
        Assert.False(await to.KeyExistsAsync("cart:{7}"));
        Assert.Equal("8", await to.HashGetAsync("profile:{8}", "n"));
        await pair.VerifyAsync(ExitCodes.Ok, "--include", "user:*", "--rename-regex", @"user:(\d+):([a-z]+)=$2:{$1}");
    }

    [Fact]
    public async Task Two_keys_that_would_become_one_are_refused_before_anything_is_written()
    {
        await using var pair = await Pair.StartAsync();
        await pair.From.StringSetAsync("old:1", "1");
        await pair.From.StringSetAsync("new:1", "2");
        using var run = pair.Start(static options => options with { Names = new KeyNames([], [], slots: null, Prefix) });

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("1 keys of the source a name that is, or could be, that of another key", refused.Saw, StringComparison.Ordinal);
        Assert.Empty(await Pair.NamesAsync(pair.To));
    }

    [Fact]
    public async Task A_key_that_takes_the_name_of_another_while_the_run_goes_on_is_told_and_never_written()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("old:1", "first");
        using var run = pair.Start(static options => options with { Names = new KeyNames([], [], slots: null, Prefix) });
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.StringSetAsync("new:1", "second");
        await from.StringSetAsync("new:2", "gone soon");
        await from.KeyDeleteAsync("new:2");
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.Equal(Verdict.Different, report.Verdict);
        Assert.Contains(report.Reasons, static reason => reason.Contains("1 keys were not moved", StringComparison.Ordinal));
        Assert.Equal("first", await to.StringGetAsync("new:1"));
        Assert.Equal(["new:1"], await Pair.NamesAsync(to));
        await pair.VerifyAsync(ExitCodes.Differences, "--rename-prefix", "old:=new:");
        await from.KeyDeleteAsync("new:1");
        await pair.VerifyAsync(ExitCodes.Ok, "--rename-prefix", "old:=new:");
    }

    [Fact]
    public async Task A_flush_empties_what_the_run_has_written_and_nothing_else()
    {
        await using var pair = await Pair.StartAsync();
        await pair.From.StringSetAsync("old:1", "1");
        await pair.To.StringSetAsync("old:own", "mine");
        using var run = pair.Start(static options =>
            options with
            {
                Names = new KeyNames([], [], slots: null, Prefix),
                TargetKeys = TargetKeys.Replace,
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await pair.From.ExecuteAsync("FLUSHALL");
        await pair.From.StringSetAsync("old:2", "2");
        await Pair.EndAsync(run, equal: 1);

        Assert.Equal(["new:2", "old:own"], await Pair.NamesAsync(pair.To));
    }

    [Fact]
    public async Task In_a_cluster_a_renamed_key_lies_in_the_slot_of_its_new_name()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisCluster.StartAsync(ServerKind.Machine);
        await using var left = await source.ConnectAsync();
        await using var right = await target.ConnectAsync();
        var (from, to) = (left.GetDatabase(), right.GetDatabase());
        for (var i = 0; i < 200; i++)
        {
            await from.StringSetAsync($"old:{i}", i);
        }

        await from.StringSetAsync("old:large", new string('x', 200_000));
        using var run = EngineRun.Start(
            new MigrationOptions
            {
                Source = source.Endpoint,
                Target = target.Endpoint,
                Names = new KeyNames([], [], slots: null, Prefix),
                LargeValue = 50_000,
            },
            Pair.Stop
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.KeyDeleteAsync("old:7");
        await from.StringSetAsync("old:200", "200");
        await Pair.EndAsync(run, equal: 201);

        Assert.Equal("200", await to.StringGetAsync("new:200"));
        Assert.Equal(200_000, await to.StringLengthAsync("new:large"));
        Assert.False(await to.KeyExistsAsync("new:7"));
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Ok, await line.RunAsync("verify", source.Uri, target.Uri, "--rename-prefix", "old:=new:"));
    }

    [Theory]
    [InlineData("--rename-prefix", "old:")]
    [InlineData("--rename-regex", @"user:\d+:(.*)=$1")]
    [InlineData("--expiry", "cap:soon")]
    public async Task A_rule_that_is_none_is_refused(string option, string value)
    {
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Usage, await line.RunAsync("migrate", "127.0.0.1:1", "127.0.0.1:2", option, value));
        Assert.Contains(value.Split('=')[0], line.Error, StringComparison.Ordinal);
    }
}
