using System.Diagnostics;
using Keyferry.Integration.Servers;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.State;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;
using StackExchange.Redis;

namespace Keyferry.Integration.Faults;

/// <summary>Two real servers behind fault proxies, a writer on the source, and migrations from one to the other while things go wrong.</summary>
/// <remarks>The test's own clients go past the proxies. A bench may be used for many runs, one after the other; each begins with empty servers.</remarks>
internal sealed class FaultBench : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ExpiryTolerance = TimeSpan.FromMilliseconds(2);

    private Task _running = Task.CompletedTask;

    private FaultBench(RedisServer source, RedisServer target, ServerLink sourceLink, ServerLink targetLink, KeySpace keys)
    {
        Source = new FaultSide(source, sourceLink);
        Target = new FaultSide(target, targetLink);
        Keys = keys;
    }

    /// <summary>The side that the writer writes to.</summary>
    public FaultSide Source { get; }

    /// <summary>The side that the migration writes to.</summary>
    public FaultSide Target { get; }

    /// <summary>What the writer writes to.</summary>
    public KeySpace Keys { get; }

    /// <summary>Draws what a fault leaves open, such as after how many bytes a reply is cut.</summary>
    public Dice Dice { get; private set; } = new(1);

    /// <summary>What has happened in the run.</summary>
    public RunLog Log { get; private set; } = new();

    /// <summary>The run's counters.</summary>
    public ProgressSnapshot Progress => Run?.Progress ?? throw new InvalidOperationException("no run");

    private MigrationRun? Run { get; set; }

    /// <summary>Starts both servers. Both keep an append-only file, so that what a client was told survives a kill.</summary>
    public static async Task<FaultBench> StartAsync(KeySpace keys, ServerKind kind = ServerKind.Machine)
    {
        var source = await RedisServer.StartAsync(kind, "--appendonly", "yes");
        var target = await RedisServer.StartAsync(kind, "--appendonly", "yes");
        return new FaultBench(source, target, await ServerLink.ConnectAsync(source.Uri), await ServerLink.ConnectAsync(target.Uri), keys);
    }

    /// <summary>Migrates under writes while <paramref name="script"/> does its worst; then everything is mended, the writer stops, and the run is asked to end.
    /// While it drains and proves, <paramref name="atTheEnd"/> may disturb it once more, but not change data.</summary>
    /// <param name="seed">Decides the writes and what the faults draw.</param>
    /// <param name="writesPerSecond">0 for no writer.</param>
    /// <param name="script">The faults; begins together with the run.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="adjust">Changes the options of the run.</param>
    /// <param name="atTheEnd">Faults after the run was asked to end.</param>
    public async Task<FaultOutcome> RunAsync(
        ulong seed,
        int writesPerSecond,
        Func<CancellationToken, Task> script,
        CancellationToken stop,
        Func<MigrationOptions, MigrationOptions>? adjust = null,
        Func<CancellationToken, Task>? atTheEnd = null
    )
    {
        (Dice, Log) = (new Dice(seed), new RunLog());
        await ResetAsync(stop);
        using var finish = new CancellationTokenSource();
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var writerStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var store = new MemoryRunStore(TimeProvider.System);
        var options = adjust is null ? Options : adjust(Options);
        Run = new MigrationRun(options, new SocketDialer(options.ConnectTimeout, TimeProvider.System), store, Log, TimeProvider.System);
        var run = Run.RunAsync(finish.Token, abort.Token);
        _running = run;
        var writing =
            writesPerSecond == 0
                ? Task.CompletedTask
                : new Writer(
                    Source.Link,
                    Keys,
                    new WriterOptions(writesPerSecond, seed, SilentStreamCommands: true),
                    TimeProvider.System
                ).RunAsync(null, writerStop.Token);
        try
        {
            await script(stop);
        }
        finally
        {
            await MendAsync(stop);
            await writerStop.CancelAsync();
            await writing.WaitAsync(Patience, stop);
        }

        await EndOfCopyAsync(run, stop);
        Log.Add("-- writer stopped, all mended; the run is asked to end");
        var disturbing = atTheEnd?.Invoke(stop) ?? Task.CompletedTask;
        await finish.CancelAsync();
        await disturbing;
        await MendAsync(stop);

        var (report, failure) = await ResultAsync(run, abort);
        return await JudgeAsync(report, failure, stop);
    }

    /// <summary>Returns when the run has reached <paramref name="phase"/> or a later one, or has ended.</summary>
    public Task ReachAsync(Phase phase, CancellationToken stop) =>
        UntilAsync(() => _running.IsCompleted || Progress.Phase >= phase, $"phase {phase}", stop);

    /// <summary>Returns when something is the case.</summary>
    /// <exception cref="TimeoutException">It is not within a minute and a half.</exception>
    public async Task UntilAsync(Func<bool> reached, string what, CancellationToken stop)
    {
        var waited = Stopwatch.StartNew();
        while (!reached())
        {
            if (waited.Elapsed > Patience)
            {
                throw new TimeoutException($"waited in vain for {what}: {Progress}\n{Log}");
            }

            await Task.Delay(10, stop);
        }
    }

    /// <summary>Takes every disturbance off both sides and returns when both servers answer again.</summary>
    public async Task MendAsync(CancellationToken stop)
    {
        await Source.MendAsync(stop);
        await Target.MendAsync(stop);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
    }

    private MigrationOptions Options =>
        new()
        {
            Source = Source.Proxy.Endpoint,
            Target = Target.Proxy.Endpoint,
            CommandTimeout = TimeSpan.FromSeconds(2),
            ConnectTimeout = TimeSpan.FromSeconds(2),
            OutageBudget = TimeSpan.FromSeconds(60),
        };

    private async Task ResetAsync(CancellationToken stop)
    {
        await MendAsync(stop);
        foreach (var side in (FaultSide[])[Source, Target])
        {
            await side.CallSurelyAsync(["FLUSHALL"], stop);
            await side.CallSurelyAsync(["CONFIG", "SET", "notify-keyspace-events", ""], stop);
        }

        // A run that could not reach its target in the end has left it on, and the next one, which knows nothing of that, would leave it so: expired keys stay, and digests differ.
        if ((await Target.CallSurelyAsync(["CONFIG", "GET", "import-mode"], stop)).Length > 0)
        {
            await Target.CallSurelyAsync(["CONFIG", "SET", "import-mode", "no"], stop);
        }

        await new Filler(Source.Link, Keys).FillAsync(stop);
    }

    private async Task EndOfCopyAsync(Task run, CancellationToken stop) =>
        await UntilAsync(() => run.IsCompleted || Progress.CopyDone, "the end of the copy", stop);

    private async Task<(MigrationReport?, KeyferryException?)> ResultAsync(Task<MigrationReport> run, CancellationTokenSource abort)
    {
        try
        {
            return (await run.WaitAsync(Patience), null);
        }
        catch (KeyferryException told)
        {
            return (null, told);
        }
        catch (TimeoutException late)
        {
            var stuck = Progress;
            await abort.CancelAsync();
            throw new TimeoutException($"the run does not end: {stuck}\n{Log}", late);
        }
    }

    private async Task<FaultOutcome> JudgeAsync(MigrationReport? report, KeyferryException? failure, CancellationToken stop)
    {
        var flags = (string?)((RedisResult[]?)await Source.CallSurelyAsync(["CONFIG", "GET", "notify-keyspace-events"], stop))?[1] ?? "";
        var truth = await new ServerComparison(Source.Link, Target.Link, ExpiryTolerance).RunAsync(stop);
        await Source.RemoveShortLivedAsync();
        await Target.RemoveShortLivedAsync();
        var agree = await DatasetDigest.OfAsync(Source.Link, stop) == await DatasetDigest.OfAsync(Target.Link, stop);
        return new FaultOutcome(report, failure, truth, agree, flags, Log);
    }
}
