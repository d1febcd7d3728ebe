using Keyferry.Cutover;
using Keyferry.Observe;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>The operator's side of a cutover: the program that switches the application, with everything that goes wrong with such programs, and the address that the
/// application finds its server by. It knows the truth, and notes what was lost when the address changed.</summary>
internal sealed class Handover(SimWorld world) : IHookRunner
{
    /// <summary>The program that switches.</summary>
    public const string Program = "switch";

    private readonly Dice _dice = Dice.Fork(world.Seed, "handover");

    /// <summary>How often the switching program was started.</summary>
    public int Started { get; private set; }

    /// <summary>Where the program that was started last brings the application.</summary>
    public SimServer Goal { get; private set; } = world.Target;

    /// <summary>Whether one that was started may still do something.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Told that nobody knows who owns the data: the run is over, and a person has to find out.</summary>
    public bool IsLeftToAPerson { get; set; }

    /// <summary>What the new side did not have when the application came to it.</summary>
    public List<string> Lost { get; } = [];

    /// <summary>What must never be: that something is lost although the fence stood.</summary>
    public string? Broken { get; private set; }

    /// <summary>Whether the operator was told that the fence had not held.</summary>
    public bool WasTold { get; private set; }

    /// <summary>Listens to what the run tells the operator.</summary>
    public void Hear(RunEvent happened) =>
        WasTold |=
            happened is RunEvent.Note { Level: NoteLevel.Error } note && note.Text.StartsWith("The fence broke", StringComparison.Ordinal);

    /// <inheritdoc/>
    public async ValueTask<HookResult> RunAsync(
        string program,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan patience,
        CancellationToken stop
    )
    {
        if (program != Program)
        {
            return new HookResult(true, _dice.Chance(0.9) ? 0 : 1, "");
        }

        if (_dice.Chance(0.05))
        {
            return new HookResult(false, null, "no such program (simulated)");
        }

        Started++;
        IsBusy = true;
        var answer = new TaskCompletionSource<HookResult>();
        // It goes on whatever becomes of who has started it.
        Goal = environment["KEYFERRY_DIRECTION"] == "back" ? world.Source : world.Target;
        _ = SwitchAsync(Goal, answer);
        try
        {
            return await answer.Task.WaitAsync(patience, world.Time, stop);
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return new HookResult(true, null, "");
        }
    }

    private async Task SwitchAsync(SimServer to, TaskCompletionSource<HookResult> answer)
    {
        // Mostly at once; sometimes so late that nobody waits for it any more.
        TimeSpan Some() => _dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(_dice.Pick(1, 100, 2_000, 40_000)));
        await Task.Delay(Some(), world.Time);
        var (switches, code) = _dice.Below(10) switch
        {
            < 6 => (true, (int?)0),
            6 => (false, Operator.NothingDone),
            7 => (false, 1),
            8 => (true, 1),
            _ => (_dice.Chance(0.5), null),
        };
        if (switches)
        {
            Switch(to);
        }

        await Task.Delay(Some(), world.Time);
        IsBusy = false;
        world.Scheduler.Log($"the program ends with {code?.ToString() ?? "no answer"}");
        if (code is not null)
        {
            answer.SetResult(new HookResult(true, code, ""));
        }
    }

    private void Switch(SimServer to)
    {
        var from = world.Owner;
        if (from == to)
        {
            return;
        }

        var lost = SimOracle.Compare(from, to, world.Profile.Choice);
        world.Scheduler.Log($"SWITCH from {from.Name} to {to.Name}, {lost.Count} keys differ");
        if (lost.Count > 0 && !from.TakesWrites && from.IsUp)
        {
            Broken ??=
                $"The application came to {to.Name} behind a fence that stood, and {lost.Count} keys differed:\n  {string.Join("\n  ", lost.Take(10))}";
        }

        Lost.AddRange(lost);
        world.Owner = to;
    }
}
