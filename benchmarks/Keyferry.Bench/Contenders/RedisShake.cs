using Keyferry.Bench.Running;

namespace Keyferry.Bench.Contenders;

/// <summary>RedisShake v4, in one of its two ways: SCAN with keyspace notifications, or the replication stream.</summary>
/// <param name="Path">The binary.</param>
/// <param name="ByReplication">PSYNC (<c>sync_reader</c>) instead of SCAN (<c>scan_reader</c>, 1000 keys a page, its fastest setting).</param>
internal sealed record RedisShake(string Path, bool ByReplication) : IContender
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(20);

    public string Name => ByReplication ? "RedisShake PSYNC" : "RedisShake SCAN";

    public bool CanFollow => true;

    public async Task<Figures> CopyAsync(Server source, Server target, CancellationToken stop)
    {
        var meter = await Meter.BeginAsync(source, target);
        await using var run = Start(source, target, follow: ByReplication);
        await run.CopiedAsync(stop);
        return await meter.EndAsync(run.Tool);
    }

    public async Task<IFollower> FollowAsync(Server source, Server target)
    {
        if (!ByReplication)
        {
            // It listens to notifications, and leaves it to the operator to switch them on.
            await source.Link.Server.ConfigSetAsync("notify-keyspace-events", "KEA");
        }

        return Start(source, target, follow: true);
    }

    private ShakeRun Start(Server source, Server target, bool follow)
    {
        var folder = new ScratchFolder();
        var file = System.IO.Path.Combine(folder.Path, "shake.toml");
        var reader = ByReplication
            ? $"[sync_reader]\naddress = \"{source.Address}\"\n"
            : $"[scan_reader]\naddress = \"{source.Address}\"\ncount = 1000\nksn = {(follow ? "true" : "false")}\n";
        File.WriteAllText(
            file,
            $"{reader}[redis_writer]\naddress = \"{target.Address}\"\n[advanced]\nrdb_restore_command_behavior = \"rewrite\"\n"
        );
        return new ShakeRun(Watched.Start(Path, [file], folder.Path), folder, source, target);
    }

    private sealed class ShakeRun(Watched tool, ScratchFolder folder, Server source, Server target) : IFollower
    {
        public Watched Tool => tool;

        public Task<DateTimeOffset?> BeganAsync(CancellationToken stop) => Task.FromResult<DateTimeOffset?>(null);

        /// <summary>It does not say in every mode that it has arrived: it has when as many keys are on the target.</summary>
        public async Task CopiedAsync(CancellationToken stop)
        {
            while (await target.Link.KeyCountAsync() < await source.Link.KeyCountAsync())
            {
                if (tool.HasEnded)
                {
                    await tool.EndAsync(stop);
                }

                await Task.Delay(Glance, stop);
            }
        }

        public async ValueTask DisposeAsync()
        {
            // It does not end on SIGTERM in every mode.
            await tool.DisposeAsync();
            await source.Link.Server.ConfigSetAsync("notify-keyspace-events", "");
            folder.Dispose();
        }
    }
}
