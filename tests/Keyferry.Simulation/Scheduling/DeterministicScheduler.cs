using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Keyferry.Simulation.Scheduling;

/// <summary>Runs everything of one simulation on one thread, in an order that a seed decides, in virtual time.</summary>
/// <remarks>
/// <para><b>Promises.</b> The same seed and the same program give the same order, to the last step. Time moves only when nothing can run.</para>
/// <para><b>Order.</b> Any ready item may be next. Some seeds always take a random one, some prefer the newest, some the oldest, and some starve one
/// item for a while: bugs that need a rare order show under one of them.</para>
/// </remarks>
internal sealed class DeterministicScheduler : TaskScheduler
{
    private readonly List<(Action Work, string Name)> _ready = [];
    private readonly Dice _dice;
    private readonly SchedulerBudget _budget;
    private readonly int _habit;
    private readonly List<Func<IEnumerable<string>>> _diagnostics = [];
    private readonly List<string> _log = [];
    private EscapeGuard? _guard;
    private Task? _root;
    private Exception? _thrown;
    private volatile bool _over;

    public DeterministicScheduler(ulong seed, SchedulerBudget? budget = null)
    {
        _dice = Dice.Fork(seed, "scheduler");
        _budget = budget ?? new SchedulerBudget();
        _habit = _dice.Below(4);
        Time = new VirtualTime(Enqueue);
    }

    /// <summary>The clock of everything in the simulation.</summary>
    public VirtualTime Time { get; }

    /// <summary>The digest of what happened so far.</summary>
    public TraceHash Trace { get; } = new();

    /// <summary>Steps run so far.</summary>
    public long Steps { get; private set; }

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Makes <paramref name="work"/> ready to run.</summary>
    public void Enqueue(Action work, string name)
    {
        if (_guard is { IsInside: false } guard && !_over)
        {
            guard.Report("a continuation came back from another thread.");
            return;
        }

        if (!_over)
        {
            _ready.Add((work, name));
        }
    }

    /// <summary>Adds lines to the dump of a hang: what is open, who waits.</summary>
    public void Explain(Func<IEnumerable<string>> lines) => _diagnostics.Add(lines);

    /// <summary>Whether the story is written down; a seed that fails is run again with it.</summary>
    public bool TellsStory { get; init; }

    /// <summary>Remembers a line of the story that is told when the simulation fails.</summary>
    public void Log([InterpolatedStringHandlerArgument("")] ref StoryLine line)
    {
        if (!TellsStory)
        {
            return;
        }

        if (_log.Count >= 4_000)
        {
            _log.RemoveRange(0, 2_000);
        }

        _log.Add($"{Time.Elapsed.TotalMilliseconds, 12:0.000} {line.Take()}");
    }

    /// <summary>The last lines of the story.</summary>
    public IEnumerable<string> Story(int most = 200) => _log.TakeLast(most);

    /// <summary>Runs <paramref name="main"/> and everything it starts, until it has ended.</summary>
    /// <exception cref="SimulationFailedException">It hangs, uses up the budget, or leaves the scheduler.</exception>
    public void Run(Func<Task> main)
    {
        var thread = new Thread(() => RunHere(main), 8 << 20) { IsBackground = true, Name = "simulation" };
        thread.Start();
        if (!thread.Join(_budget.RealTime))
        {
            throw new SimulationFailedException($"the simulation has been running for {_budget.RealTime} of real time at step {Steps}.");
        }

        if (_thrown is not null)
        {
            ExceptionDispatchInfo.Throw(_thrown);
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<Task> GetScheduledTasks() => [];

    /// <inheritdoc/>
    protected override void QueueTask(Task task)
    {
        if (_root is null)
        {
            _root = task;
            return;
        }

        Enqueue(() => TryExecuteTask(task), "task");
    }

    /// <inheritdoc/>
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && _guard is { IsInside: true } && TryExecuteTask(task);

    private void RunHere(Func<Task> main)
    {
        _guard = new EscapeGuard();
        try
        {
            _guard.Enter();
            // The loop is itself a task of this scheduler, so that it is the current one for everything the loop calls.
            var loop = new Task(() => Loop(main));
            loop.Start(this);
            _ = TryExecuteTask(loop);
            loop.GetAwaiter().GetResult();
        }
        catch (Exception failed)
        {
            _thrown = failed;
        }
        finally
        {
            _over = true;
            _ready.Clear();
            EscapeGuard.Leave();
        }
    }

    private void Loop(Func<Task> main)
    {
        SynchronizationContext.SetSynchronizationContext(new SimSynchronizationContext(this));
        var running = main();
        while (!running.IsCompleted)
        {
            if (_ready.Count == 0)
            {
                Wait(running);
                continue;
            }

            Step();
        }

        SynchronizationContext.SetSynchronizationContext(null);
        _guard?.ThrowIfEscaped();
        running.GetAwaiter().GetResult();
    }

    private void Wait(Task running)
    {
        // An escaped continuation may be what everybody waits for.
        _guard?.ThrowIfEscaped();
        if (!Time.Advance())
        {
            // What has escaped may not have arrived anywhere yet; a run that fails may take its time.
            _ = SpinWait.SpinUntil(() => _guard is { HasEscaped: true }, 2000);
            _guard?.ThrowIfEscaped();
            throw Hang("nothing can run and no timer is set", running);
        }

        if (Time.Elapsed > _budget.VirtualTime)
        {
            throw Hang($"{_budget.VirtualTime} of virtual time have passed", running);
        }
    }

    private void Step()
    {
        var index = Choose();
        var (work, _) = _ready[index];
        // Removing from the middle keeps the order of the others, which the habits below need.
        _ready.RemoveAt(index);
        Steps++;
        Trace.Add(((long)_ready.Count << 32) | (uint)index);
        Trace.Add(Time.GetTimestamp());
        SynchronizationContext.SetSynchronizationContext(new SimSynchronizationContext(this));
        work();
        _guard?.ThrowIfEscaped();
        if (Steps > _budget.Steps)
        {
            throw Hang($"{_budget.Steps} steps have run", null);
        }
    }

    private int Choose()
    {
        var count = _ready.Count;
        return _habit switch
        {
            1 when _dice.Chance(0.8) => count - 1,
            2 when _dice.Chance(0.8) => 0,
            // The oldest waits as long as there is anything else, but for a small chance.
            3 when count > 1 && !_dice.Chance(0.05) => 1 + _dice.Below(count - 1),
            _ => _dice.Below(count),
        };
    }

    private SimulationFailedException Hang(string why, Task? running)
    {
        var lines = new List<string> { $"the simulation hangs: {why} (step {Steps}, virtual time {Time.Elapsed})." };
        lines.AddRange(_ready.GroupBy(item => item.Name).Select(group => $"ready: {group.Count()} x {group.Key}"));
        lines.AddRange(Time.Describe());
        lines.AddRange(_diagnostics.SelectMany(static lines => lines()));
        if (running is not null)
        {
            lines.Add("waiting:");
            lines.AddRange(AsyncStack.Of(running));
        }

        return new SimulationFailedException(string.Join('\n', lines));
    }
}
