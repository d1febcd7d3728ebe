using Keyferry.Capture;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Contracts;

/// <summary>Every capture there is, by its name in the tests.</summary>
internal static class CaptureUnderTest
{
    private static readonly TimeSpan OutageBudget = TimeSpan.FromSeconds(30);

    private static readonly Dictionary<string, Func<ICaptureBench, IChangeSink, ValueTask<ICapture>>> Makers = new()
    {
        ["notifications"] = NotificationsAsync,
        ["tracking"] = static (bench, sink) => ValueTask.FromResult<ICapture>(Tracking(bench, sink)),
        ["redundant"] = static (bench, sink) => ValueTask.FromResult<ICapture>(new RedundantCapture(into => Tracking(bench, into), sink)),
        ["rotating"] = static (bench, sink) =>
            ValueTask.FromResult<ICapture>(new RotatingCapture(() => Tracking(bench, sink), TimeSpan.FromMilliseconds(50), bench.Time)),
        ["sharded"] = ShardedAsync,
        ["polling"] = static (bench, sink) => ValueTask.FromResult<ICapture>(new PollingCapture(TimeSpan.FromSeconds(1), sink, bench.Time)),
    };

    public static IReadOnlyCollection<string> Names => Makers.Keys;

    public static ValueTask<ICapture> CreateAsync(string name, ICaptureBench bench, IChangeSink sink) => Makers[name](bench, sink);

    private static async ValueTask<ICapture> NotificationsAsync(ICaptureBench bench, IChangeSink sink)
    {
        var flags = new NotificationSwitch(bench.Connector, new MemoryRunStore(bench.Time), run: 1);
        var found = await flags.EnsureAsync(CancellationToken.None);
        return Listening(bench, sink, new NotificationDialect(bench.Connector, new HearingTrial(flags, sink, bench.Time), found.Family));
    }

    private static ListeningCapture Tracking(ICaptureBench bench, IChangeSink sink)
    {
        var dialect = new TrackingDialect(bench.Connector);
        _ = dialect.UseDatabase(0);
        return Listening(bench, sink, dialect);
    }

    private static ListeningCapture Listening(ICaptureBench bench, IChangeSink sink, ICaptureDialect dialect) =>
        new(bench.Connector, dialect, sink, OutageBudget, bench.Time);

    private static async ValueTask<ICapture> ShardedAsync(ICaptureBench bench, IChangeSink sink)
    {
        var sharded = ShardedCapture.Empty();
        var part = Tracking(bench, sink);
        await part.ArmAsync(CancellationToken.None);
        sharded.Add("node", part, static stop => UntilAsync(stop));
        return sharded;
    }

    private static async Task UntilAsync(CancellationToken stop)
    {
        var over = new Pulse();
        var ended = over.Next();
        using var told = stop.Register(over.Set);
        await (stop.IsCancellationRequested ? Task.CompletedTask : ended);
    }
}
