using Keyferry.Capture;
using Keyferry.Integration.Runs;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic.Keys;

namespace Keyferry.Integration.Clusters;

/// <summary>Migrations from, to and between clusters, while an application writes.</summary>
public sealed class ClusterMigrationTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 3)]
    [InlineData(3, 0)]
    [InlineData(3, 2)]
    public async Task Every_key_and_every_change_arrives(int sourcePrimaries, int targetPrimaries)
    {
        await using var pair = await ClusterPair.StartAsync(new KeySpace(Seed: 201, Count: 5_000), sourcePrimaries, targetPrimaries, Stop);
        await pair.MigrateUnderWritesAsync(pair.Options, Stop);
    }
}
