using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Migration;

/// <summary>The way back, as a run of its own in the same process, with its own record in the store.</summary>
/// <remarks>A process that is killed meanwhile leaves it as a run that can be gone on with: <c>keyferry migrate --resume</c> from the new side to the old one.</remarks>
internal sealed class WayBack : IWayBack
{
    private readonly Handover _handover = new();
    private readonly CancellationTokenSource _finish = new();
    private readonly CancellationTokenSource _abort;
    private readonly RunContext _context;
    private readonly IRunObserver _observer;
    private RunCourse? _course;
    private bool _going;

    private WayBack(RunContext context, IRunObserver observer, CancellationToken abort)
    {
        _context = context;
        _observer = observer;
        _abort = CancellationTokenSource.CreateLinkedTokenSource(abort);
    }

    /// <inheritdoc/>
    public ProgressSnapshot Progress => _course?.Progress ?? new ProgressSnapshot { Phase = Phase.Planned, Elapsed = TimeSpan.Zero };

    /// <inheritdoc/>
    public Task Returned => _course?.Switched ?? throw new InvalidOperationException("the way back has not begun");

    /// <inheritdoc/>
    public Task<MigrationReport>? Ended { get; private set; }

    /// <summary>The options of the way back of a run.</summary>
    public static MigrationOptions OptionsOf(MigrationOptions forward) =>
        forward.Turned() with
        {
            Source = forward.Target,
            Target = forward.Source,
            Mode = MigrationMode.Live,
            TargetKeys = TargetKeys.Replace,
            Resume = false,
            UntilIdle = null,
            Verify = false,
            KeysPerSecond = null,
            BytesPerSecond = null,
            SourceLatencyBudget = null,
            SourceReads = SourceReads.Primary,
            Cutover = forward.Cutover is { } cutover ? cutover with { When = CutoverWhen.Manual, ReverseWindow = null } : null,
        };

    /// <summary>Looks whether there is a way back from a run, before its fence: behind it the old side would not answer to all questions.</summary>
    /// <param name="forward">The run.</param>
    /// <param name="connect">Connections to an endpoint, in a role, for a run.</param>
    /// <param name="observer">Who is told what happens.</param>
    /// <param name="stop">Gives up looking at the servers.</param>
    /// <param name="abort">Ends it at once.</param>
    /// <exception cref="KeyferryException">There is no way back, and why.</exception>
    public static async Task<IWayBack> PlanAsync(
        RunContext forward,
        Func<Endpoint, string, string, ServerConnector> connect,
        IRunObserver observer,
        CancellationToken stop,
        CancellationToken abort
    )
    {
        var options = OptionsOf(forward.Options);
        var name = ResumePoint.NameOfWayBack(forward.Name);
        var (source, target) = (connect(options.Source, "source", name), connect(options.Target, "target", name));
        var plan = await new Planner(options, source, target, forward.Time).ExamineAsync(stop);
        plan.ThrowIfRefused();
        var context = forward with
        {
            Options = options,
            Plan = plan,
            Name = name,
            Source = source,
            Target = target,
            Direction = "back",
            PlanWayBack = null,
        };
        return new WayBack(context, observer, abort);
    }

    /// <inheritdoc/>
    public async Task ListenAsync(CancellationToken stop)
    {
        var ended = Begin();
        var listens = _handover.ListensAsync(stop);
        if (await Task.WhenAny(listens, ended) == ended)
        {
            // Throws what it failed with.
            _ = await ended;
            throw new CutoverFailedException("the way back was closed before it was open");
        }

        await listens;
    }

    /// <inheritdoc/>
    public void Go()
    {
        _going = true;
        _context.Control.TurnBack();
        _handover.HandOver();
    }

    /// <inheritdoc/>
    public void Close() => (_going ? _finish : _abort).Cancel();

    /// <inheritdoc/>
    public void Dispose()
    {
        _finish.Dispose();
        _abort.Dispose();
    }

    private Task<MigrationReport> Begin()
    {
        var store = _context.Journal.Store;
        var run = store.BeginRun(
            new RunStart
            {
                Name = _context.Name,
                Source = ResumePoint.NameOf(_context.Options.Source),
                Target = ResumePoint.NameOf(_context.Options.Target),
                Mode = ResumePoint.WayBackMode,
                Options = ResumePoint.OptionsOf(_context.Options),
            }
        );
        var context = _context with
        {
            Journal = new RunJournal(run, store, _observer, _context.Time),
            Control = _context.Control.OpenBack(),
        };
        _course = new RunCourse(context, resume: null, _handover);
        Ended = _course.RunAsync(_finish.Token, _abort.Token);
        return Ended;
    }
}
