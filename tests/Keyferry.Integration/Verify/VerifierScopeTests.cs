using Keyferry.Integration.Faults;
using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>Which keys take part, what rights are needed, and what happens when a server goes away.</summary>
public sealed class VerifierScopeTests
{
    [Fact]
    public async Task All_databases_of_both_sides_are_compared()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET k v", database: 3);
        await pair.OnSourceAsync("SET k v", database: 5);
        await pair.OnTargetAsync("SET k v", database: 7);

        var result = await pair.VerifyAsync();

        Assert.Equal(1, result.Differences[DifferenceKind.Missing]);
        Assert.Equal(1, result.Differences[DifferenceKind.Surplus]);
        Assert.Equal([5, 7], result.First.Select(static difference => difference.Key.Database));
    }

    [Fact]
    public async Task A_database_can_be_compared_with_another_one()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnSourceAsync("SET k v\nSET only here", database: 3);
        await pair.OnTargetAsync("SET k v", database: 5);
        await pair.OnTargetAsync("SET elsewhere v", database: 0);

        var result = await pair.VerifyAsync(new VerifyOptions { Databases = [new DatabasePair(3, 5)] });

        var first = Assert.Single(result.First);
        Assert.Equal((3, "only", DifferenceKind.Missing), (first.Key.Database, first.Key.Name.Shown(), first.Kind));
    }

    [Fact]
    public async Task Names_are_bytes_and_our_own_keys_take_no_part()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        byte[] name = [0, 13, 10, 255, 32, 123];
        await pair.SourceClient.GetDatabase().StringSetAsync(name, name);
        await pair.SourceClient.GetDatabase().StringSetAsync("", "empty");
        await pair.OnTargetAsync("SET keyferry:{a}:probe v");

        var result = await pair.VerifyAsync();

        Assert.Equal(2, result.Differences[DifferenceKind.Missing]);
        Assert.Equal(2, result.DifferenceCount);
        Assert.Contains(@"\x00\x0d\x0a\xff {", result.First.Select(static difference => difference.Key.Name.Shown()));
    }

    [Fact]
    public async Task Keys_that_the_run_does_not_own_are_left_alone()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET k v");
        await pair.OnTargetAsync("SET own1 v\nSET own2 v");

        var result = await pair.VerifyAsync(new VerifyOptions { TargetKeysOwned = false });

        Assert.Equal(2, result.LeftAlone);
        Assert.Equal(Verdict.Equal, Verifier.VerdictOf(result));
    }

    [Theory]
    [InlineData("-eval -eval_ro")]
    [InlineData("-@scripting -dump")]
    [InlineData("-pexpiretime -client -script")]
    public async Task Fewer_rights_take_longer_but_prove_the_same(string taken)
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await VerifierDifferenceTests.FillAsync(pair);
        await pair.OnBothAsync($"ACL SETUSER weak on >pw ~* &* +@all {taken}");
        var equal = await VerifyAsWeakAsync(pair);
        Assert.True(Verifier.VerdictOf(equal) == Verdict.Equal, VerifierDifferenceTests.Describe(equal));

        await pair.OnTargetAsync("HSET hash a x\nPEXPIRE lasting 100000");
        var different = await VerifyAsWeakAsync(pair);
        Assert.Equal([DifferenceKind.Value, DifferenceKind.Expiry], different.First.Select(static difference => difference.Kind));
    }

    [Theory]
    [InlineData(ServerKind.Machine)]
    [InlineData(ServerKind.Valkey81)]
    public async Task A_fenced_source_can_be_compared(ServerKind kind)
    {
        await using var pair = await VerifyPair.StartAsync(kind, kind);
        await VerifierDifferenceTests.FillAsync(pair);
        await pair.OnSourceAsync("CLIENT PAUSE 20000 WRITE");
        var began = TimeProvider.System.GetTimestamp();

        var result = await pair.VerifyAsync(new VerifyOptions { SourceIsFenced = true });

        Assert.True(Verifier.VerdictOf(result) == Verdict.Equal, VerifierDifferenceTests.Describe(result));
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(15), "a question was held back");
        await pair.OnSourceAsync("CLIENT UNPAUSE");
    }

    [Fact]
    public async Task A_missing_right_is_named()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("SET k v");
        await pair.OnTargetAsync("SET surplus v");
        await pair.OnBothAsync("ACL SETUSER weak on >pw ~* &* +@all -exists");

        var refused = await Assert.ThrowsAsync<KeyferryException>(() => VerifyAsWeakAsync(pair));

        Assert.Contains("EXISTS on the source", refused.Saw, StringComparison.Ordinal);
        Assert.Contains("+exists", refused.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lost_connections_are_opened_again_and_no_key_is_passed_over()
    {
        const int Keys = 20_000;
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await using var proxy = FaultProxy.Start(pair.TargetServer.Port);
        await pair.OnBothAsync("DEBUG POPULATE 20000");
        await pair.OnTargetAsync("DEL key:0\nDEL key:19999\nSET surplus v");
        var cuts = 0;

        var result = await RunAsync(
            pair.SourceServer.Endpoint,
            proxy.Endpoint,
            new VerifyOptions
            {
                PageSize = 200,
                Pause = TimeSpan.FromMilliseconds(20),
                Progress = progress =>
                {
                    if ((progress.Compared + progress.LookedUp) / 5000 > cuts)
                    {
                        cuts++;
                        proxy.Reset();
                    }
                },
            }
        );

        Assert.InRange(cuts, 5, 9);
        Assert.InRange(result.Compared, Keys, Keys + 2000);
        Assert.Equal(2, result.Differences[DifferenceKind.Missing]);
        Assert.Equal(1, result.Differences[DifferenceKind.Surplus]);
    }

    [Fact]
    public async Task A_server_that_stays_away_ends_the_comparison()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await using var proxy = FaultProxy.Start(pair.SourceServer.Port);
        await pair.OnBothAsync("DEBUG POPULATE 5000");
        var options = new VerifyOptions
        {
            PageSize = 100,
            OutageBudget = TimeSpan.FromMilliseconds(300),
            Progress = _ =>
            {
                proxy.Refuse();
                proxy.Reset();
            },
        };

        var lost = await Assert.ThrowsAsync<KeyferryException>(() => RunAsync(proxy.Endpoint, pair.TargetServer.Endpoint, options));

        Assert.Equal(FailureKind.Unreachable, lost.Kind);
    }

    private static Task<VerifyResult> VerifyAsWeakAsync(VerifyPair pair) =>
        RunAsync(
            pair.SourceServer.Endpoint with
            {
                User = "weak",
                Password = new Secret("pw"),
            },
            pair.TargetServer.Endpoint with
            {
                User = "weak",
                Password = new Secret("pw"),
            },
            new VerifyOptions { Looks = 2, Pause = TimeSpan.FromMilliseconds(10) }
        );

    private static async Task<VerifyResult> RunAsync(Endpoint source, Endpoint target, VerifyOptions options) =>
        await new Verifier(
            VerifyPair.Connector(source, "source"),
            VerifyPair.Connector(target, "target"),
            options,
            TimeProvider.System
        ).RunAsync(TestContext.Current.CancellationToken);
}
