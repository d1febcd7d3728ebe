namespace Keyferry.Integration.Faults;

/// <summary>All faults from which a migration is expected to recover by itself.</summary>
internal static class FaultKinds
{
    /// <summary>Longer than the capture waits for a pong, so that a half-open connection must have been noticed.</summary>
    private static readonly TimeSpan BeyondPatience = TimeSpan.FromSeconds(7);

    /// <summary>Longer than the runs' time-out of commands.</summary>
    private static readonly TimeSpan BeyondTimeOut = TimeSpan.FromSeconds(3);

    /// <summary>Long names, so that few events fill an output buffer.</summary>
    private const string ManyLongEvents = """
        for i = 1, 60 do
          local key = string.rep('k', 200000) .. i
          redis.call('SET', key, 'v')
          redis.call('DEL', key)
        end
        """;

    /// <summary>Changes of consumer groups, which no event tells.</summary>
    private const string SilentStreamChanges = """
        local key = 'faults:groups'
        for i = 1, 20 do redis.call('XADD', key, '*', 'n', i) end
        if redis.call('XINFO', 'GROUPS', key)[1] == nil then redis.call('XGROUP', 'CREATE', key, 'g', '0') end
        local read = redis.call('XREADGROUP', 'GROUP', 'g', 'anna', 'COUNT', 10, 'STREAMS', key, '>')
        redis.call('XACK', key, 'g', read[1][2][1][1])
        """;

    /// <summary>Every kind.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        .. OfConnections("source", static bench => bench.Source),
        .. OfConnections("target", static bench => bench.Target),
        .. OfProcesses("source", static bench => bench.Source),
        .. OfProcesses("target", static bench => bench.Target),
        .. OfTheCapture(),
        .. OfWholeDatabases(),
        .. OfTheTarget(),
    ];

    /// <summary>Those that change no data on either side.</summary>
    public static IReadOnlyList<Fault> Harmless { get; } =
    [
        .. OfConnections("source", static bench => bench.Source),
        .. OfConnections("target", static bench => bench.Target),
        .. OfTheTarget(),
        .. OfTheCapture().Where(static fault => fault.Name == "subscribers killed"),
    ];

    private static Fault[] OfConnections(string role, Func<FaultBench, FaultSide> side) =>
        [
            new($"{role} cut", (bench, _, _) => Now(side(bench).Proxy.Cut)),
            new($"{role} reset", (bench, _, _) => Now(side(bench).Proxy.Reset)),
            new($"{role} clients reset", (bench, _, _) => Now(side(bench).Proxy.ResetClients)),
            new($"{role} refuses", (bench, time, stop) => RefuseAsync(side(bench).Proxy, time, stop)),
            new(
                $"{role} half-open",
                (bench, time, stop) => StallAsync(side(bench).Proxy, ProxyDirection.ToClient, time, stop),
                BeyondPatience
            ),
            new($"{role} deaf", (bench, time, stop) => StallAsync(side(bench).Proxy, ProxyDirection.ToServer, time, stop), BeyondTimeOut),
            new($"{role} stalls", (bench, time, stop) => StallAsync(side(bench).Proxy, ProxyDirection.Both, time, stop), BeyondTimeOut),
            new($"{role} slow", (bench, time, stop) => SlowAsync(side(bench).Proxy, time, stop)),
            new($"{role} reply truncated", (bench, _, _) => Truncate(bench, side(bench).Proxy, ProxyDirection.ToClient)),
            new($"{role} command truncated", (bench, _, _) => Truncate(bench, side(bench).Proxy, ProxyDirection.ToServer)),
        ];

    private static Fault[] OfProcesses(string role, Func<FaultBench, FaultSide> side) =>
        [
            new($"{role} killed", (bench, time, stop) => side(bench).KillAndRestartAsync(time, empty: false, stop)),
            new($"{role} killed and back empty", (bench, time, stop) => side(bench).KillAndRestartAsync(time, empty: true, stop)),
            new($"{role} clients killed", (bench, _, _) => side(bench).CallAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")),
            new($"{role} paused for writes", (bench, time, stop) => PauseAsync(side(bench), "WRITE", time, stop)),
            new($"{role} paused", (bench, time, stop) => PauseAsync(side(bench), "ALL", time, stop), BeyondTimeOut),
        ];

    private static Fault[] OfTheCapture() =>
        [
            new("subscribers killed", static (bench, _, _) => bench.Source.CallAsync("CLIENT", "KILL", "TYPE", "pubsub")),
            new("subscriber overflows", OverflowAsync),
            new("notifications off", static (bench, _, _) => bench.Source.CallAsync("CONFIG", "SET", "notify-keyspace-events", "")),
            new("consumer groups", static (bench, _, _) => bench.Source.CallAsync("EVAL", SilentStreamChanges, 0)),
        ];

    private static Fault[] OfWholeDatabases() =>
        [
            new("flushall", static (bench, _, _) => bench.Source.CallAsync("FLUSHALL")),
            new("flushdb", static (bench, _, _) => bench.Source.CallAsync("FLUSHDB")),
            new("swapdb", static (bench, _, _) => bench.Source.CallAsync("SWAPDB", 0, 1)),
        ];

    private static Fault[] OfTheTarget() =>
        [
            new("target full", static (bench, time, stop) => ConfiguredAsync(bench.Target, "maxmemory", "1", "0", time, stop)),
            new(
                "target without replicas",
                static (bench, time, stop) => ConfiguredAsync(bench.Target, "min-replicas-to-write", "1", "0", time, stop)
            ),
            new("target read-only", ReadOnlyAsync),
        ];

    private static Task Now(Action action)
    {
        action();
        return Task.CompletedTask;
    }

    private static async Task RefuseAsync(FaultProxy proxy, TimeSpan time, CancellationToken stop)
    {
        proxy.Refuse();
        proxy.Reset();
        await Task.Delay(time, stop);
        proxy.Accept();
    }

    private static async Task StallAsync(FaultProxy proxy, ProxyDirection direction, TimeSpan time, CancellationToken stop)
    {
        proxy.Stall(direction);
        await Task.Delay(time, stop);
        proxy.Resume();
    }

    private static async Task SlowAsync(FaultProxy proxy, TimeSpan time, CancellationToken stop)
    {
        proxy.Slow(ProxyDirection.Both, TimeSpan.FromMilliseconds(30), bytesPerSecond: 300_000);
        await Task.Delay(time, stop);
        proxy.Resume();
    }

    private static async Task Truncate(FaultBench bench, FaultProxy proxy, ProxyDirection direction)
    {
        proxy.TruncateAfter(direction, bench.Dice.Between(1, 3000));
        await Task.Delay(300);
        proxy.Resume();
    }

    private static async Task PauseAsync(FaultSide side, string what, TimeSpan time, CancellationToken stop)
    {
        await side.CallAsync("CLIENT", "PAUSE", (int)time.TotalMilliseconds, what);
        await Task.Delay(time, stop);
    }

    private static async Task ConfiguredAsync(
        FaultSide side,
        string parameter,
        string wrong,
        string right,
        TimeSpan time,
        CancellationToken stop
    )
    {
        await side.CallAsync("CONFIG", "SET", parameter, wrong);
        await Task.Delay(time, stop);
        await side.CallAsync("CONFIG", "SET", parameter, right);
    }

    /// <summary>A replica of nobody that answers: reads go on, writes are refused.</summary>
    private static async Task ReadOnlyAsync(FaultBench bench, TimeSpan time, CancellationToken stop)
    {
        await bench.Target.CallAsync("REPLICAOF", "127.0.0.1", "1");
        await Task.Delay(time, stop);
        await bench.Target.CallAsync("REPLICAOF", "NO", "ONE");
    }

    /// <summary>The capture does not read, and the server gives it up.</summary>
    private static async Task OverflowAsync(FaultBench bench, TimeSpan time, CancellationToken stop)
    {
        await bench.Source.CallAsync("CONFIG", "SET", "client-output-buffer-limit", "pubsub 65536 0 0");
        bench.Source.Proxy.Stall(ProxyDirection.ToClient);
        await bench.Source.CallAsync("EVAL", ManyLongEvents, 0);
        await Task.Delay(time, stop);
        bench.Source.Proxy.Resume();
        await bench.Source.CallAsync("CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 8388608 60");
    }
}
