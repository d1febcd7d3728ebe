using Keyferry.Bench.Running;

namespace Keyferry.Bench.Contenders;

/// <summary>The servers' own replication (REPLICAOF): the reference beside which everything else is shown.</summary>
internal sealed class NativeReplication : IContender
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    public string Name => "native REPLICAOF";

    public bool CanFollow => true;

    public async Task<Figures> CopyAsync(Server source, Server target, CancellationToken stop)
    {
        var meter = await Meter.BeginAsync(source, target);
        await using var replica = await FollowAsync(source, target);
        await replica.CopiedAsync(stop);
        return await meter.EndAsync(tool: null);
    }

    public async Task<IFollower> FollowAsync(Server source, Server target)
    {
        await target.Link.Database().ExecuteAsync("REPLICAOF", "127.0.0.1", source.Port);
        return new Replica(target);
    }

    private sealed class Replica(Server target) : IFollower
    {
        public Watched? Tool => null;

        public Task<DateTimeOffset?> BeganAsync(CancellationToken stop) => Task.FromResult<DateTimeOffset?>(null);

        public async Task CopiedAsync(CancellationToken stop)
        {
            while (await target.InfoAsync("replication", "master_link_status") != "up")
            {
                await Task.Delay(Glance, stop);
            }
        }

        public async ValueTask DisposeAsync() => await target.Link.Database().ExecuteAsync("REPLICAOF", "NO", "ONE");
    }
}
