using System.Globalization;
using System.Text.RegularExpressions;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>From every server to every other one: what the target can hold arrives equal, and what it cannot is said before anything is written.</summary>
public sealed class VersionTests
{
    [Theory]
    [MemberData(nameof(ServerMatrix.ExtremePairs), MemberType = typeof(ServerMatrix))]
    public Task Values_of_all_types_arrive(ServerKind source, ServerKind target) => MoveAsync(source, target);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(ServerMatrix.OrderedPairs), MemberType = typeof(ServerMatrix))]
    public Task Values_of_all_types_arrive_for_every_pair(ServerKind source, ServerKind target) => MoveAsync(source, target);

    [Fact]
    public async Task Field_expiries_that_the_target_has_not_are_found_before_the_start()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        await AllTypes.FillFieldExpiriesAsync(client.GetDatabase());
        await client.GetDatabase(3).HashSetAsync("plain", "a", 1);

        using var run = EngineRun.Start(Options(source, target), TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);

        Assert.Equal(FailureKind.Refused, refused.Kind);
        Assert.Contains("2 keys: the target has no expiries of hash fields", refused.Saw, StringComparison.Ordinal);
        await using var onTarget = await target.ConnectAsync();
        Assert.Equal(0, (long)await onTarget.GetDatabase().ExecuteAsync("DBSIZE"));
    }

    [Theory]
    [InlineData("names", 0)]
    [InlineData("names, of which two cannot be held", 2)]
    [InlineData("types", 0)]
    [InlineData("types, with vector sets", 2)]
    [InlineData("small ones", 0)]
    [InlineData("large ones", 1)]
    [InlineData("those that expire", 2)]
    [InlineData("those that do not expire", 3)]
    public async Task What_is_not_chosen_does_not_stand_in_the_way(string chosen, int unsupported)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        var database = client.GetDatabase();
        foreach (var name in (string[])["brief", "lasting"])
        {
            await database.HashSetAsync($"hash {name}", "a", 1);
            await database.ExecuteAsync("HEXPIRE", $"hash {name}", 1000, "FIELDS", 1, "a");
            await database.ExecuteAsync("VADD", $"vectors {name}", "VALUES", 2, "1.5", "2.5", "a");
        }

        await database.HashSetAsync("large", [.. Enumerable.Range(0, 10_000).Select(static i => new HashEntry($"field {i}", "value"))]);
        await database.ExecuteAsync("HEXPIRE", "large", 1000, "FIELDS", 1, "field 9999");
        await database.KeyExpireAsync("hash brief", TimeSpan.FromHours(1));
        await database.KeyExpireAsync("vectors brief", TimeSpan.FromHours(1));
        await database.StringSetAsync("plain", 1);

        using var run = EngineRun.Start(Choose(chosen, Options(source, target)), TestContext.Current.CancellationToken);
        if (unsupported == 0)
        {
            Assert.True((await run.Ended).Verdict == Verdict.Equal, $"{chosen}: {run.Log}");
            return;
        }

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => run.Ended);
        var counted = Regex
            .Matches(refused.Saw, "(?<keys>[0-9]+) keys?:", RegexOptions.None, TimeSpan.FromSeconds(1))
            .Sum(static match => int.Parse(match.Groups["keys"].ValueSpan, CultureInfo.InvariantCulture));
        Assert.True(counted == unsupported, $"{chosen}: {refused.Saw}");
    }

    private static MigrationOptions Choose(string what, MigrationOptions all) =>
        what switch
        {
            "names" => all with { Names = new KeyNames(["plain"], []) },
            "names, of which two cannot be held" => all with { Names = new KeyNames(["*lasting"], []) },
            "types" => all with { Kinds = new KeyKinds { Types = ["string"] } },
            "types, with vector sets" => all with { Kinds = new KeyKinds { Types = ["other", "list"] } },
            "small ones" => all with { Kinds = new KeyKinds { SmallerThan = 60 } },
            "large ones" => all with { Kinds = new KeyKinds { LargerThan = 500_000 } },
            _ => all with { Kinds = new KeyKinds { Expiring = what == "those that expire" } },
        };

    [Fact]
    public async Task Keys_that_the_target_cannot_hold_are_left_out_where_that_is_asked_for()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var target = await RedisServer.StartAsync(ServerKind.Redis60);
        await using var client = await source.ConnectAsync();
        await AllTypes.FillFieldExpiriesAsync(client.GetDatabase());
        await client.GetDatabase().ExecuteAsync("VADD", "vectors", "VALUES", 2, "1.5", "2.5", "a");
        await client.GetDatabase().HashSetAsync("plain", "a", 1);

        var options = Options(source, target) with { UnsupportedKeys = UnsupportedKeys.LeaveOut };
        using var run = EngineRun.Start(options, TestContext.Current.CancellationToken);
        var report = await run.Ended;

        Assert.True(report.Verdict == Verdict.Equal, run.Log.ToString());
        Assert.Equal(3, report.LeftOut.Values.Sum());
        Assert.Contains(report.FirstLeftOut, static key => key.Name.Shown() == "vectors");
        await using var onTarget = await target.ConnectAsync();
        Assert.Equal(1, (long)await onTarget.GetDatabase().ExecuteAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_field_expiry_that_is_set_during_the_run_is_told()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Redis80);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var client = await source.ConnectAsync();
        await client.GetDatabase().HashSetAsync("hash", "a", 1);
        using var run = EngineRun.Start(Options(source, target) with { Mode = MigrationMode.Live }, TestContext.Current.CancellationToken);
        await run.ReachAsync(Phase.Following, TestContext.Current.CancellationToken);

        await client.GetDatabase().ExecuteAsync("HEXPIRE", "hash", 1000, "FIELDS", 1, "a");
        await run.FinishAsync();
        var report = await run.Ended;

        Assert.Equal(Verdict.Different, report.Verdict);
        Assert.Contains(report.Reasons, static reason => reason.Contains("expiries of hash fields", StringComparison.Ordinal));
    }

    private static async Task MoveAsync(ServerKind sourceKind, ServerKind targetKind)
    {
        var stop = TestContext.Current.CancellationToken;
        await using var source = await RedisServer.StartAsync(sourceKind);
        await using var target = await RedisServer.StartAsync(targetKind);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await AllTypes.FillAsync(left.Database());
        if (await left.KnowsFieldExpiriesAsync() && await right.KnowsFieldExpiriesAsync())
        {
            await AllTypes.FillFieldExpiriesAsync(left.Database());
        }

        using var run = EngineRun.Start(Options(source, target), stop);
        var report = await run.Ended;

        Assert.True(
            report.Verdict == Verdict.Equal,
            $"{string.Join("; ", report.Reasons)} {string.Join("; ", report.Verify?.First ?? [])}\n{run.Log}"
        );
        Assert.True(await right.KeyCountAsync() >= AllTypes.Count);
        var comparison = await new ServerComparison(left, right, TimeSpan.FromMilliseconds(20)).RunAsync(stop);
        Assert.True(comparison.AreEqual, $"{comparison}");
    }

    private static MigrationOptions Options(RedisServer source, RedisServer target) =>
        new()
        {
            Source = source.Endpoint,
            Target = target.Endpoint,
            Mode = MigrationMode.Snapshot,
        };
}
