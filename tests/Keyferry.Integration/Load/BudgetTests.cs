using System.Diagnostics;
using Keyferry.Integration.Programs;
using Keyferry.Traffic;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Load;

/// <summary>What a run may cost: memory as such, time compared with the server's own replication in the same test.</summary>
[Collection(nameof(LoadCollection))]
[Trait("Needs", "Program")]
public sealed class BudgetTests
{
    private const int Keys = 1_000_000;
    private const long MostResidentBytes = 256L << 20;
    private const double MostTimesNative = 2.5;
    private static readonly TimeSpan EndBudget = TimeSpan.FromMinutes(5);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Category", "Long")]
    public async Task Million_keys_are_copied_within_the_budgets_of_memory_and_time()
    {
        await using var pair = await LoadedPair.StartAsync(new KeySpace(Seed: 301, Keys), Stop);
        var native = await NativeCopyAsync(pair);
        await pair.Target.Server.FlushAllDatabasesAsync();

        var watch = Stopwatch.StartNew();
        await using var run = pair.Migrate("--mode", "snapshot");
        long peak = 0;
        TimeSpan? copied = null;
        while (!run.HasEnded && watch.Elapsed < EndBudget)
        {
            peak = Math.Max(peak, run.PeakResidentBytes);
            copied ??= await pair.Target.KeyCountAsync() >= Keys ? watch.Elapsed : null;
            await Task.Delay(20, Stop);
        }

        Assert.True(await run.EndAsync(EndBudget) == 0, run.Output);
        var figures =
            $"copy {copied?.TotalSeconds:N1} s, native {native.TotalSeconds:N1} s, peak {peak >> 20} MiB, whole run {watch.Elapsed.TotalSeconds:N1} s";
        TestContext.Current.SendDiagnosticMessage(figures);
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(copied < native * MostTimesNative, figures);
        Assert.InRange(peak, 1, MostResidentBytes);
        await pair.AssertEqualAsync(run.Output, Stop);
    }

    /// <summary>How long REPLICAOF takes until the replica has everything.</summary>
    private static async Task<TimeSpan> NativeCopyAsync(LoadedPair pair)
    {
        var watch = Stopwatch.StartNew();
        await pair.Target.Server.ExecuteAsync("REPLICAOF", "127.0.0.1", pair.SourcePort);
        while (await LinkStatusAsync(pair.Target) != "up")
        {
            Assert.True(watch.Elapsed < EndBudget, "The native replication did not finish.");
            await Task.Delay(20, Stop);
        }

        var took = watch.Elapsed;
        Assert.Equal(Keys, await pair.Target.KeyCountAsync());
        await pair.Target.Server.ExecuteAsync("REPLICAOF", "NO", "ONE");
        return took;
    }

    private static async Task<string?> LinkStatusAsync(ServerLink replica)
    {
        var replication = (await replica.Server.InfoAsync("replication")).SelectMany(static section => section);
        return replication.FirstOrDefault(static pair => pair.Key == "master_link_status").Value;
    }
}
