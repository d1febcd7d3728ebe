using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Integration.Runs;

/// <summary>Expiries are kept, dropped or capped, for the copy, for changes and for the comparison.</summary>
public sealed class ExpiryPolicyTests
{
    [Fact]
    public async Task Dropped_expiries_stay_away()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("expires", "1", TimeSpan.FromMinutes(5));
        await from.StringSetAsync("large", new string('x', 200_000), TimeSpan.FromMinutes(5));
        await from.StringSetAsync("lasts", "1");
        using var run = pair.Start(static options => options with { Expiry = ExpiryPolicy.Drop, LargeValue = 50_000 });
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.KeyExpireAsync("lasts", TimeSpan.FromMinutes(1));
        await from.StringSetAsync("later", "1", TimeSpan.FromMinutes(5));
        await Pair.EndAsync(run, equal: 4);

        foreach (var name in await Pair.NamesAsync(to))
        {
            Assert.Null(await to.KeyTimeToLiveAsync(name));
        }

        await pair.VerifyAsync(ExitCodes.Ok, "--expiry", "drop");
        await pair.VerifyAsync(ExitCodes.Differences);
        await to.KeyExpireAsync("later", TimeSpan.FromMinutes(5));
        await pair.VerifyAsync(ExitCodes.Differences, "--expiry", "drop");
    }

    [Fact]
    public async Task Capped_expiries_are_no_later_than_the_cap_and_others_stay()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("soon", "1", TimeSpan.FromMinutes(5));
        await from.StringSetAsync("late", "1", TimeSpan.FromHours(50));
        await from.StringSetAsync("large", new string('x', 200_000), TimeSpan.FromHours(50));
        await from.StringSetAsync("lasts", "1");
        using var run = pair.Start(static options =>
            options with
            {
                Expiry = ExpiryPolicy.CapAt(TimeSpan.FromHours(1)),
                LargeValue = 50_000,
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.StringSetAsync("later", "1", TimeSpan.FromHours(3));
        await Pair.EndAsync(run, equal: 5);

        Assert.Null(await to.KeyTimeToLiveAsync("lasts"));
        Assert.InRange(await to.KeyTimeToLiveAsync("soon") ?? TimeSpan.Zero, TimeSpan.FromMinutes(4), TimeSpan.FromMinutes(5));
        foreach (var name in (string[])["late", "large", "later"])
        {
            Assert.InRange(await to.KeyTimeToLiveAsync(name) ?? TimeSpan.Zero, TimeSpan.FromMinutes(58), TimeSpan.FromHours(1));
        }

        await pair.VerifyAsync(ExitCodes.Ok, "--expiry", "cap:1h");
        await pair.VerifyAsync(ExitCodes.Differences, "--expiry", "cap:30m");
        await pair.VerifyAsync(ExitCodes.Differences);
        await to.KeyExpireAsync("soon", TimeSpan.FromMinutes(20));
        await pair.VerifyAsync(ExitCodes.Differences, "--expiry", "cap:1h");
    }
}
