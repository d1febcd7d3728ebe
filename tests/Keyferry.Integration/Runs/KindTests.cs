using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Integration.Runs;

/// <summary>Keys are chosen by what they are: what comes to belong to a run is moved, and what ceases to is removed again.</summary>
public sealed class KindTests
{
    [Fact]
    public async Task A_key_that_changes_its_type_comes_and_goes()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("stays", "1");
        await from.StringSetAsync("goes", "1");
        await from.HashSetAsync("comes", "f", "1");
        await from.ListRightPushAsync("list", "1");
        using var run = pair.Start(static options => options with { Kinds = new KeyKinds { Types = ["string"] } });
        await run.ReachAsync(Phase.Following, Pair.Stop);
        Assert.Equal(["goes", "stays"], await Pair.NamesAsync(to));

        await from.KeyDeleteAsync(["comes", "goes"]);
        await from.StringSetAsync("comes", "2");
        await from.HashSetAsync("goes", "f", "2");
        await from.SetAddAsync("set", "m");
        await Pair.EndAsync(run, equal: 2);

        Assert.Equal(["comes", "stays"], await Pair.NamesAsync(to));
        await pair.VerifyAsync(ExitCodes.Ok, "--types", "string");
        await pair.VerifyAsync(ExitCodes.Differences, "--types", "string,hash");
        await to.StringSetAsync("set", "not the source's");
        await pair.VerifyAsync(ExitCodes.Differences, "--types", "string");
    }

    [Fact]
    public async Task A_key_that_gets_or_loses_its_expiry_comes_and_goes()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        foreach (var name in (string[])["stays", "comes", "goes"])
        {
            await from.StringSetAsync(name, "1");
            await from.KeyExpireAsync(name, name == "comes" ? null : TimeSpan.FromMinutes(5));
        }

        using var run = pair.Start(static options => options with { Kinds = new KeyKinds { Expiring = true } });
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.KeyExpireAsync("comes", TimeSpan.FromMinutes(5));
        await from.KeyPersistAsync("goes");
        await from.StringSetAsync("never", "1");
        await Pair.EndAsync(run, equal: 2);

        Assert.Equal(["comes", "stays"], await Pair.NamesAsync(to));
        await pair.VerifyAsync(ExitCodes.Ok, "--expiring", "only");
        await pair.VerifyAsync(ExitCodes.Differences, "--expiring", "never");
    }

    [Fact]
    public async Task A_key_that_grows_or_shrinks_comes_and_goes()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("stays", new string('s', 20_000));
        await from.StringSetAsync("goes", new string('g', 20_000));
        await from.StringSetAsync("comes", "c");
        await from.StringSetAsync("huge", new string('h', 5_000_000));
        using var run = pair.Start(static options =>
            options with
            {
                Kinds = new KeyKinds { LargerThan = 10_000, SmallerThan = 4 << 20 },
                LargeValue = 15_000,
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        Assert.Equal(["goes", "stays"], await Pair.NamesAsync(to));
        await from.StringSetAsync("goes", "g");
        await from.StringSetAsync("comes", new string('c', 20_000));
        await Pair.EndAsync(run, equal: 2);

        Assert.Equal(["comes", "stays"], await Pair.NamesAsync(to));
        await pair.VerifyAsync(ExitCodes.Ok, "--larger-than", "10kB", "--smaller-than", "4MiB");
        await pair.VerifyAsync(ExitCodes.Differences, "--smaller-than", "4MiB");
    }

    [Fact]
    public async Task With_merge_what_is_not_chosen_is_left_alone()
    {
        await using var pair = await Pair.StartAsync();
        var (from, to) = (pair.From, pair.To);
        await from.StringSetAsync("moved", "1");
        await from.HashSetAsync("other", "f", "1");
        await to.StringSetAsync("other", "mine");
        using var run = pair.Start(static options =>
            options with
            {
                Kinds = new KeyKinds { Types = ["string"] },
                TargetKeys = TargetKeys.Merge,
            }
        );
        await run.ReachAsync(Phase.Following, Pair.Stop);
        await from.HashSetAsync("other", "g", "2");
        await Pair.EndAsync(run, equal: 1);

        Assert.Equal("mine", await to.StringGetAsync("other"));
        await pair.VerifyAsync(ExitCodes.Ok, "--types", "string", "--target-keys", "merge");
    }

    [Fact]
    public async Task Slots_divide_a_server_into_two_runs()
    {
        await using var pair = await Pair.StartAsync();
        for (var i = 0; i < 500; i++)
        {
            await pair.From.StringSetAsync($"k{i}", i);
        }

        foreach (var (slots, keys) in (IEnumerable<(string, int)>)[("0-8191", 500), ("8192-16383", 500)])
        {
            using var run = pair.Start(options =>
                options with
                {
                    Names = new KeyNames([], [], SlotRanges.Parse(slots)),
                    Mode = MigrationMode.Snapshot,
                    TargetKeys = TargetKeys.Replace,
                }
            );
            var report = await run.Ended;
            Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");
            Assert.InRange(report.Verify?.Compared ?? 0, keys * 2 / 5, keys * 3 / 5);
            await pair.VerifyAsync(ExitCodes.Ok, "--slots", slots);
        }

        Assert.Equal(500, (await Pair.NamesAsync(pair.To)).Length);
        await pair.VerifyAsync(ExitCodes.Ok);
    }

    [Theory]
    [InlineData("--types", "sting")]
    [InlineData("--slots", "16384")]
    [InlineData("--expiring", "maybe")]
    [InlineData("--larger-than", "huge")]
    public async Task A_choice_that_is_none_is_refused(string option, string value)
    {
        using var line = new CommandLine();
        Assert.Equal(ExitCodes.Usage, await line.RunAsync("migrate", "127.0.0.1:1", "127.0.0.1:2", option, value));
        Assert.Contains(value, line.Error, StringComparison.Ordinal);
    }
}
