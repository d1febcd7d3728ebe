using System.Runtime.InteropServices;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Verify;
using StackExchange.Redis;

namespace Keyferry.Integration.Verify;

/// <summary>Vector sets are compared by their elements: the payloads of equal ones differ.</summary>
public sealed class VectorSetTests
{
    [Theory]
    [InlineData(ServerKind.Redis80, ServerKind.Redis80)]
    [InlineData(ServerKind.Redis80, ServerKind.Redis86)]
    [InlineData(ServerKind.Redis86, ServerKind.Redis86)]
    public async Task Small_ones_are_moved_and_found_equal_until_one_changes(ServerKind from, ServerKind to)
    {
        await using var pair = await VerifyPair.StartAsync(from, to);
        foreach (var form in (string[])["NOQUANT", "Q8", "BIN", ""])
        {
            await FillAsync(pair.SourceClient.GetDatabase(), $"v{form}", elements: 3, dimensions: 3, form);
        }

        var options = new MigrationOptions
        {
            Source = pair.SourceServer.Endpoint,
            Target = pair.TargetServer.Endpoint,
            Mode = MigrationMode.Snapshot,
        };
        using var run = EngineRun.Start(options, TestContext.Current.CancellationToken);
        var report = await run.Ended;
        Assert.True(report.Verdict == Verdict.Equal, $"{string.Join("; ", report.Reasons)}\n{run.Log}");

        await pair.OnTargetAsync(
            "VSETATTR vNOQUANT element:1 {}\nVADD vQ8 VALUES 3 9 8 -7 element:2 Q8 M 4\nVREM vBIN element:0\nVADD vBIN VALUES 3 1 2 3 other BIN M 4"
        );
        await pair.OnSourceAsync("VREM v element:1");
        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal(Verdict.Different, Verifier.VerdictOf(result));
        Assert.Equal(4, result.Differences[DifferenceKind.Value]);
        Assert.Contains(result.First, static difference => difference.Detail == "vectorset: other attributes");
        Assert.Contains(result.First, static difference => difference.Detail == "vectorset: size is 2 on the source, 3 on the target");
    }

    [Theory]
    [InlineData(ServerKind.Redis80, ServerKind.Redis80)]
    [InlineData(ServerKind.Redis80, ServerKind.Redis86)]
    public async Task Large_ones_are_compared_to_the_last_element(ServerKind from, ServerKind to)
    {
        const int Elements = 1500;
        const int Dimensions = 400;
        await using var pair = await VerifyPair.StartAsync(from, to);
        var (source, target) = (pair.SourceClient.GetDatabase(), pair.TargetClient.GetDatabase());
        await FillAsync(source, "v", Elements, Dimensions, "NOQUANT");
        Assert.True((long)await source.ExecuteAsync("MEMORY", "USAGE", "v") > VerifyLink.LargeValue);
        await target.KeyRestoreAsync("v", await source.KeyDumpAsync("v") ?? []);
        var equal = await pair.VerifyAsync();
        Assert.True(Verifier.VerdictOf(equal) == Verdict.Equal, VerifierDifferenceTests.Describe(equal));

        await target.ExecuteAsync("VSETATTR", "v", $"element:{Elements - 1}", "other");
        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal("vectorset: other attributes", Assert.Single(result.First).Detail);
    }

    [Fact]
    public async Task Without_the_right_to_look_at_elements_it_is_said_that_nothing_is_proved()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Redis86, ServerKind.Redis86);
        await FillAsync(pair.SourceClient.GetDatabase(), "v", elements: 30, dimensions: 3, "NOQUANT");
        await FillAsync(pair.TargetClient.GetDatabase(), "v", elements: 30, dimensions: 3, "NOQUANT");
        await pair.OnTargetAsync("ACL SETUSER default -vemb");

        var result = await pair.VerifyAsync(new VerifyOptions { Looks = 2 });

        Assert.Equal(Verdict.NotProved, Verifier.VerdictOf(result));
        Assert.Contains("1 keys of type vectorset without +vemb on the target", Assert.Single(result.Doubts), StringComparison.Ordinal);
    }

    private static async Task FillAsync(IDatabase database, string key, int elements, int dimensions, string form)
    {
        var random = new Random(elements);
        var vector = new float[dimensions];
        for (var i = 0; i < elements; i++)
        {
            for (var d = 0; d < dimensions; d++)
            {
                vector[d] = random.NextSingle() - 0.5f;
            }

            object[] add = [key, "FP32", MemoryMarshal.AsBytes(vector.AsSpan()).ToArray(), $"element:{i}", "EF", 10, "M", 4];
            await database.ExecuteAsync("VADD", [.. add, .. form.Length > 0 ? [form] : (object[])[], "SETATTR", $"{{\"n\":{i}}}"]);
        }
    }
}
