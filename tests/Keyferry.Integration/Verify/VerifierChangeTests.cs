using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>Keys that change while they are compared: never a difference that is none, never equality that is not proved.</summary>
public sealed class VerifierChangeTests
{
    [Fact]
    public async Task Keys_that_keep_changing_are_in_flight()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync(string.Join('\n', Enumerable.Range(0, 500).Select(static i => $"SET k{i} v")));
        using var enough = new CancellationTokenSource();
        var writing = WriteAsync(pair, enough.Token);

        var result = await pair.VerifyAsync(new VerifyOptions { Pause = TimeSpan.FromMilliseconds(50) });
        await enough.CancelAsync();
        await writing;

        Assert.True(result.DifferenceCount == 0, VerifierDifferenceTests.Describe(result));
        Assert.InRange(result.InFlight, 1, 20);
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(result));
    }

    [Fact]
    public async Task Keys_that_expire_meanwhile_are_no_difference()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        // They go over the whole time that the looks take; half of them are missing on the target already.
        await pair.OnBothAsync(string.Join('\n', Enumerable.Range(0, 1000).Select(i => $"SET k{i} v PXAT {now + 1500 + i}")));
        await pair.OnTargetAsync("SET stays v\nDEBUG SET-ACTIVE-EXPIRE 0");
        await pair.OnSourceAsync("SET stays v");

        var result = await pair.VerifyAsync(new VerifyOptions { Pause = TimeSpan.FromMilliseconds(600) });

        Assert.True(Verifier.VerdictOf(result) == Verdict.Equal, VerifierDifferenceTests.Describe(result));
    }

    [Fact]
    public async Task What_only_lags_is_equal_once_the_run_has_settled()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k new");
        var watch = new FakeWatch { Settle = _ => pair.OnTargetAsync("SET k new") };

        var result = await pair.VerifyAsync(changes: watch);

        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(result));
        Assert.Equal(0, result.Repaired);
        Assert.Equal(0, watch.LookedAgain);
    }

    [Fact]
    public async Task A_lost_change_is_repaired_by_another_look()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k new\nSET other v");
        await pair.OnTargetAsync("SET k old\nSET other v\nSET ghost v");
        var watch = new FakeWatch { Repair = _ => pair.OnTargetAsync("SET k new\nDEL ghost") };

        var result = await pair.VerifyAsync(changes: watch);

        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(result));
        Assert.Equal(2, result.Repaired);
        Assert.Equal(2, watch.LookedAgain);
    }

    [Fact]
    public async Task A_difference_that_no_look_mends_is_stable()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k new");
        await pair.OnTargetAsync("SET k old");

        var result = await pair.VerifyAsync(changes: new FakeWatch());

        Assert.Equal(DifferenceKind.Value, Assert.Single(result.First).Kind);
        Assert.Equal(Verdict.Different, Verifier.VerdictOf(result));
    }

    [Fact]
    public async Task A_key_that_is_touched_in_every_round_is_in_flight()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k new");
        await pair.OnTargetAsync("SET k old");

        var result = await pair.VerifyAsync(changes: new FakeWatch { Touched = static _ => true });

        Assert.Equal(1, result.InFlight);
        Assert.Equal(0, result.DifferenceCount);
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(result));
    }

    [Fact]
    public async Task A_change_without_an_event_is_not_taken_for_a_difference()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync(
            string.Join('\n', Enumerable.Range(1, 50).Select(static i => $"XADD stream {i}-1 f v"))
                + "\nXGROUP CREATE stream group 0\nXREADGROUP GROUP group ann COUNT 50 STREAMS stream >"
        );
        await pair.OnSourceAsync("XACK stream group 1-1");
        // Somebody acknowledges all the time, and no event tells.
        var watch = new FakeWatch { Settle = round => pair.OnSourceAsync($"XACK stream group {round + 1}-1") };

        var result = await pair.VerifyAsync(changes: watch);

        Assert.Equal(1, result.InFlight);
        Assert.Equal(0, result.DifferenceCount);
    }

    [Fact]
    public async Task Too_many_candidates_leave_a_doubt()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync(string.Join('\n', Enumerable.Range(0, 20).Select(static i => $"SET k{i} v")));
        var watch = new FakeWatch
        {
            Repair = keys => pair.OnTargetAsync(string.Join('\n', keys.Select(static key => $"SET {key.Name.Shown()} v"))),
        };

        var result = await pair.VerifyAsync(new VerifyOptions { CandidateLimit = 5 }, watch);

        Assert.Equal(5, result.Repaired);
        Assert.Contains("15", Assert.Single(result.Doubts), StringComparison.Ordinal);
        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(result));
    }

    [Fact]
    public async Task A_database_that_comes_into_use_meanwhile_is_compared_too()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET k v");
        var changed = new KeyId(7, new KeyName("late"u8.ToArray()));
        var watch = new FakeWatch
        {
            Changed = new Queue<KeyId[]>([
                [changed],
            ]),
            Settle = round => round == 1 ? pair.OnSourceAsync("SET late v", database: 7) : Task.CompletedTask,
            Repair = _ => pair.OnTargetAsync("SET late v", database: 7),
        };

        var result = await pair.VerifyAsync(changes: watch);

        Assert.Equal(1, watch.LookedAgain);
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(result));
    }

    [Fact]
    public async Task A_key_that_came_to_rest_in_a_later_round_is_not_in_flight()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k 0");
        await pair.OnTargetAsync("SET k old");
        var busy = new KeyId(0, new KeyName("k"u8.ToArray()));
        // It changes for as long as the first looks last, and once more; then it is mended.
        var watch = new FakeWatch
        {
            Touched = static _ => true,
            Changed = new Queue<KeyId[]>([
                [busy],
            ]),
            Settle = round => round < 8 ? pair.OnSourceAsync($"SET k {round}") : pair.OnTargetAsync("SET k 7"),
        };

        var result = await pair.VerifyAsync(changes: watch);

        Assert.Equal(0, result.InFlight);
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(result));
    }

    private static async Task WriteAsync(VerifyPair pair, CancellationToken stop)
    {
        var database = pair.SourceClient.GetDatabase();
        for (var i = 0; !stop.IsCancellationRequested; i++)
        {
            await database.StringSetAsync($"k{i % 20}", i);
        }
    }
}
