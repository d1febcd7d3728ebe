using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Simulation.Scheduling;
using Keyferry.State;

namespace Keyferry.Simulation.World;

/// <summary>The real engine in a simulated world, from the copy over the cutover to the end of the way back, while things go wrong at every step of it; and what must be
/// true at the end.</summary>
internal sealed class CutoverUnderTest : IDisposable
{
    /// <summary>Steps at which a stranger may still write: what comes after the proof nobody can put right.</summary>
    private static readonly string[] BeforeTheProof = ["check", "fence", "try fence", "drain"];

    /// <summary>A person who is asked takes at most so long, unless he never answers.</summary>
    private static readonly TimeSpan Thinking = TimeSpan.FromSeconds(10);

    private readonly SimWorld _world;
    private readonly Dice _dice;
    private readonly Handover _handover;
    private readonly SimClients _clients;
    private readonly MemoryRunStore _store;
    private readonly CancellationTokenSource _finish = new();
    private readonly CancellationTokenSource _abort = new();
    private SimProcess _process;
    private int _kills;
    private bool _unknown;

    private CutoverUnderTest(SimWorld world, MemoryRunStore store)
    {
        _world = world;
        _store = store;
        _dice = Dice.Fork(world.Seed, "cutover");
        _handover = new Handover(world);
        _clients = new SimClients(world);
        _process = new SimProcess(world);
        world.Handover = _handover;
    }

    /// <summary>Migrates and hands the application over.</summary>
    public static async Task<SimVerdict> CutOverAsync(SimWorld world)
    {
        using var store = new MemoryRunStore(world.Time);
        using var test = new CutoverUnderTest(world, store);
        return await test.RunAsync();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _finish.Dispose();
        _abort.Dispose();
    }

    private async Task<SimVerdict> RunAsync()
    {
        var writing = _clients.RunAsync(_world.Profile.Clients);
        var options = Options();
        _world.Scheduler.Log($"options {options} {options.Cutover}");
        var (verdict, report) = await MigrateAsync(options);
        while (_process.IsKilled)
        {
            // Another process goes on, as the operator would have it do, and hands over or is ended.
            await Task.Delay(_dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(5)), _world.Time);
            _process = new SimProcess(_world);
            (verdict, report) = await MigrateAsync(options with { Resume = _store.Runs().Count > 0 });
        }

        _handover.IsLeftToAPerson = _unknown;
        await _world.Quiet;
        await _world.SettleAsync();
        _clients.End();
        await Task.Delay(TimeSpan.FromSeconds(5), _world.Time);
        if (_handover.Broken is { } broken)
        {
            throw new SimulationFailedException(broken);
        }

        if (!_unknown)
        {
            Check(report);
            await writing;
        }

        _world.IsHandedOver = report?.Cutover is not null || _unknown;
        return verdict;
    }

    private void Check(MigrationReport? report)
    {
        var onTarget = report?.Cutover is { Back: null };
        if (report is not null && onTarget != (_world.Owner == _world.Target))
        {
            throw new SimulationFailedException(
                $"It said that the application is {(onTarget ? "" : "not ")}on the target, and it is on the {_world.Owner.Name}."
            );
        }

        if (!_world.Owner.TakesWrites)
        {
            throw new SimulationFailedException($"{_world.Owner.Name}, where the application is, does not take its writes.");
        }

        if (_handover.WasTold)
        {
            return;
        }

        if (_clients.Lost() is { Count: > 0 } lost)
        {
            throw new SimulationFailedException(
                $"{lost.Count} acknowledged writes are not on {_world.Owner.Name}:\n  {string.Join("\n  ", lost.Take(10))}"
            );
        }

        if (_handover.Lost.Count > 0)
        {
            throw new SimulationFailedException(
                $"{_handover.Lost.Count} keys differed when the application was handed over, and nobody was told:\n  {string.Join("\n  ", _handover.Lost.Take(10))}"
            );
        }
    }

    private MigrationOptions Options() =>
        new()
        {
            Source = SimWorld.SourceEndpoint,
            Target = SimWorld.TargetEndpoint,
            Lanes = _dice.Between(1, 2),
            Capture = _dice.Pick(Capture.CaptureKind.Notifications, Capture.CaptureKind.Tracking),
            Cutover = new CutoverOptions
            {
                When = _dice.Pick(CutoverWhen.Manual, CutoverWhen.WhenReady),
                Fence = _world.Profile.Fences[_dice.Below(_world.Profile.Fences.Count)],
                FenceBudget = TimeSpan.FromMilliseconds(_dice.Pick(100, 1_000, 1_000, 5_000)),
                SwitchHook = Handover.Program,
                HookTimeout = TimeSpan.FromSeconds(_dice.Between(1, 20)),
                ReverseWindow = _dice.Chance(0.5) ? TimeSpan.FromSeconds(_dice.Between(5, 60)) : null,
                StepProbe = AtStep,
            },
        };

    /// <returns>What the run said; no report where it failed, or was killed before its end.</returns>
    private async Task<(SimVerdict Verdict, MigrationReport? Report)> MigrateAsync(MigrationOptions options)
    {
        var process = _process;
        try
        {
            var run = new MigrationRun(
                options,
                process,
                new ProcessStore(_store, process),
                new Story(this, process),
                process,
                hooks: _handover
            );
            var running = run.RunAsync(_finish.Token, _abort.Token);
            _ = OperateAsync(run.Control, running, process);
            if (await Task.WhenAny(running, process.Killed) != running)
            {
                return (new SimVerdict(Claim.Failed, "killed"), null);
            }

            var report = await running;
            var claim = report.Verdict switch
            {
                Verdict.Equal => Claim.Equal,
                Verdict.Different => Claim.Different,
                _ => Claim.NotProved,
            };
            return (new SimVerdict(claim, string.Join("; ", report.Reasons)), report);
        }
        catch (KeyferryException failed)
        {
            _unknown |= failed.Kind == FailureKind.OwnershipUnknown;
            if (_unknown && _handover.Started == 0 && _kills == 0)
            {
                throw new SimulationFailedException($"It does not know who owns the data, and nothing was ever switched: {failed.Message}");
            }

            return (new SimVerdict(Claim.Failed, failed.Message), null);
        }
    }

    /// <summary>The operator: asks for the cutover, answers questions truthfully once he knows, wants the application back, ends the run.</summary>
    private async Task OperateAsync(RunControl control, Task running, SimProcess process)
    {
        _ = AnswerAsync(control, running, process);
        await Task.Delay(_dice.Between(TimeSpan.Zero, _world.Profile.Busy), _world.Time);
        _ = control.AskCutover();
        if (_dice.Chance(0.1))
        {
            await Task.Delay(_dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(1)), _world.Time);
            _ = control.Hold();
        }

        if (_dice.Chance(0.5))
        {
            await Task.Delay(_dice.Between(TimeSpan.Zero, _world.Profile.Busy), _world.Time);
            _ = control.Back?.AskCutover();
        }

        await _world.Quiet;
        _clients.End();
        await Task.Delay(_dice.Between(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(45)), _world.Time);
        if (!running.IsCompleted)
        {
            _world.Scheduler.Log($"asked to end");
            _finish.Cancel();
        }
    }

    private async Task AnswerAsync(RunControl control, Task running, SimProcess process)
    {
        while (!running.IsCompleted && !process.IsKilled)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), _world.Time);
            if (control.Questions.Open is not { IsAboutOwnership: true } || _handover.IsBusy)
            {
                continue;
            }

            await Task.Delay(_dice.Between(TimeSpan.Zero, Thinking), _world.Time);
            if (_dice.Chance(0.2))
            {
                _abort.Cancel();
                return;
            }

            _ = control.Questions.Answer(aboutOwnership: true, _world.Owner == _handover.Goal);
        }
    }

    private void AtStep(string step, bool after)
    {
        _world.Scheduler.Log($"step {step} {(after ? "is done" : "begins")}");
        if (BeforeTheProof.Contains(step) && _dice.Chance(_world.Profile.StraysAtSteps))
        {
            Stray();
        }

        if (_process.IsKilled || !_dice.Chance(_world.Profile.FaultsAtSteps))
        {
            return;
        }

        if (_kills < _world.Profile.Crashes && _dice.Chance(0.2))
        {
            _kills++;
            _process.Kill(_dice);
            return;
        }

        var fault = _world.Profile.Kinds[_dice.Below(_world.Profile.Kinds.Count)];
        _ = _world.Scheduler.Time.After(
            _dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(_dice.Pick(0, 10, 500))),
            () => _world.Faults.Strike(fault),
            "fault at a step"
        );
    }

    /// <summary>Somebody writes where nobody should.</summary>
    private void Stray()
    {
        var receiving = _world.Owner == _world.Source ? _world.Target : _world.Source;
        if (!receiving.IsUp)
        {
            return;
        }

        _ = receiving.Execute("SELECT", _world.Profile.Databases[_dice.Below(_world.Profile.Databases.Count)]);
        for (var i = _dice.Between(1, 3); i > 0; i--)
        {
            Server.Blob key = _dice.Pick($"old:{_dice.Below(_world.Profile.Keys)}", $"new:{_dice.Below(40)}", $"stray:{_dice.Below(5)}");
            _world.Scheduler.Log($"a stranger writes {key} on {receiving.Name}");
            _ = _dice.Chance(0.3) ? receiving.Execute("DEL", key) : receiving.Execute("SET", key, "of a stranger");
        }
    }

    private sealed class Story(CutoverUnderTest test, SimProcess process) : IRunObserver
    {
        public void On(RunEvent happened)
        {
            if (!process.IsKilled)
            {
                test._world.Scheduler.Log($"engine {happened}");
                test._handover.Hear(happened);
            }
        }
    }
}
