using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cutover;

/// <summary>Goes through the steps of a cutover, and takes them back where one fails before the switch.</summary>
/// <remarks><b>Promises.</b> It ends in one of three ways: switched; undone, every step taken back in reverse order; or unknown, where the answer of the switch was lost and
/// nobody was there to say. The budget runs from the fence to the switch; a fence that breaks before the switch undoes the cutover.</remarks>
/// <param name="steps">What is done.</param>
/// <param name="scene">What it is done to.</param>
/// <param name="options">Budget.</param>
/// <param name="story">Told what happens.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class CutoverRunner(
    IReadOnlyList<CutoverStep> steps,
    ICutoverScene scene,
    CutoverOptions options,
    ICutoverStory story,
    TimeProvider time
)
{
    /// <summary>What is said of each step begins so.</summary>
    public const string StepSaid = "cutover: ";

    /// <summary>How long taking back may take altogether.</summary>
    private static readonly TimeSpan UndoPatience = TimeSpan.FromSeconds(20);

    private readonly Stack<CutoverStep> _done = new();
    private long _fenced;
    private bool _toldBroken;

    /// <summary>How long writes were held back: from the fence to the answer of the switch, or to that of a person where the switch or its confirmation gave none; where the
    /// cutover was undone, until that was done. Zero where there was no fence.</summary>
    public TimeSpan FencedTime { get; private set; }

    /// <summary>Runs the cutover.</summary>
    /// <param name="hold">The operator takes it back, as long as it has not come to the switch.</param>
    /// <param name="stop">Ends the run.</param>
    /// <exception cref="OwnershipUnknownException">The run ends while nobody knows who owns the data.</exception>
    public async Task<CutoverOutcome> RunAsync(CancellationToken hold, CancellationToken stop)
    {
        var before = steps.TakeWhile(static step => step.Name != CutoverSteps.Switch).ToList();
        if (await UntilSwitchAsync(before, hold, stop) is { } failed)
        {
            await UndoAsync(failed);
            stop.ThrowIfCancellationRequested();
            return new CutoverOutcome(false, failed);
        }

        if (await SwitchAsync(steps[before.Count], stop) is { } notSwitched)
        {
            await UndoAsync(notSwitched);
            return new CutoverOutcome(false, notSwitched);
        }

        foreach (var step in steps.Skip(before.Count + 1))
        {
            if (await AfterSwitchAsync(step, stop) is { } why)
            {
                await UndoAsync(why);
                return new CutoverOutcome(false, why);
            }
        }

        return new CutoverOutcome(true, "");
    }

    /// <returns>Why it did not come to the switch, or <see langword="null"/>.</returns>
    private async Task<string?> UntilSwitchAsync(IReadOnlyList<CutoverStep> before, CancellationToken hold, CancellationToken stop)
    {
        using var budget = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(hold, stop, budget.Token, scene.FenceBroken);
        foreach (var step in before)
        {
            try
            {
                if (step.Phase != Phase.Following && _fenced == 0)
                {
                    _fenced = time.GetTimestamp();
                    StartBudget(budget, options.Fence is FenceKind.Pause or FenceKind.Acl);
                }

                _done.Push(step);
                await DoAsync(step, either.Token);
                either.Token.ThrowIfCancellationRequested();
                if (step.Name == "fence" && options.Fence is FenceKind.Hook or FenceKind.Manual)
                {
                    // What a program or a person takes to stop the writers is not the source's time.
                    _fenced = time.GetTimestamp();
                    StartBudget(budget, start: true);
                }
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever it was, the source must not stay fenced.
                return Reason(failure, step, budget.IsCancellationRequested, hold);
            }
        }

        return story.BeginSwitch() ? null : "the operator took it back";
    }

    private void StartBudget(CancellationTokenSource budget, bool start)
    {
        if (start)
        {
            budget.CancelAfter(options.FenceBudget);
        }
    }

    private string Reason(Exception failure, CutoverStep step, bool overBudget, CancellationToken hold) =>
        failure switch
        {
            _ when scene.FenceTrouble is { } broken => $"the fence broke: {broken}",
            OperationCanceledException when overBudget =>
                $"the fence lasted longer than its budget of {options.FenceBudget.TotalMilliseconds:0} ms (step {step.Name})",
            // Whatever the step makes of being stopped: a program that was killed for it has not failed.
            _ when hold.IsCancellationRequested => $"the operator took it back (step {step.Name})",
            OperationCanceledException => $"the run was ended (step {step.Name})",
            _ => $"step {step.Name}: {failure.Message}",
        };

    private async Task DoAsync(CutoverStep step, CancellationToken stop)
    {
        story.Enter(step.Phase, $"{StepSaid}{step.Name}");
        stop.ThrowIfCancellationRequested();
        options.StepProbe?.Invoke(step.Name, false);
        await step.Do(scene, stop);
        options.StepProbe?.Invoke(step.Name, true);
    }

    /// <returns>Why nothing was switched, or <see langword="null"/> where the clients were.</returns>
    private async Task<string?> SwitchAsync(CutoverStep step, CancellationToken stop)
    {
        story.Enter(step.Phase, $"{StepSaid}{step.Name}");
        SwitchAnswer answer;
        try
        {
            options.StepProbe?.Invoke(step.Name, false);
            answer = await scene.SwitchAsync(stop);
            options.StepProbe?.Invoke(step.Name, true);
        }
        catch (Exception lost) when (lost is not OutOfMemoryException)
        {
            answer = new SwitchAnswer(SwitchOutcome.Unknown, $"the answer of the switch was lost: {lost.Message}");
        }

        var notSwitched = answer.Outcome switch
        {
            SwitchOutcome.Switched => null,
            SwitchOutcome.NotSwitched => answer.Why,
            _ => await ResolveAsync(answer.Why, stop) ? null : "a person said that the clients were not switched",
        };
        FencedTime = time.GetElapsedTime(_fenced);
        if (notSwitched is null)
        {
            await TellIfFenceBrokeAsync();
        }

        return notSwitched;
    }

    /// <summary>A fence that broke a moment ago is not known to whoever watches it.</summary>
    private async Task TellIfFenceBrokeAsync()
    {
        _ = await scene.LookAtFenceAsync(CancellationToken.None);
        TellIfFenceBroke();
    }

    private void TellIfFenceBroke()
    {
        if (scene.FenceTrouble is { } broken && !_toldBroken)
        {
            _toldBroken = true;
            story.Tell(
                NoteLevel.Error,
                $"The fence broke while the clients were switched ({broken}): writes that reached the source since then are not on the target."
            );
        }
    }

    private async Task<bool> ResolveAsync(string why, CancellationToken stop)
    {
        story.Enter(Phase.OwnershipUnknown, why);
        try
        {
            return await scene.ResolveAsync(why, stop);
        }
        catch (OperationCanceledException)
        {
            throw new OwnershipUnknownException(why);
        }
    }

    /// <returns>Why a person took it back, or <see langword="null"/>.</returns>
    private async Task<string?> AfterSwitchAsync(CutoverStep step, CancellationToken stop)
    {
        // The clients are on the target: whoever ends the run now must not keep it from what is left to do on the source.
        using var patience = new CancellationTokenSource(UndoPatience, time);
        try
        {
            story.Say($"{StepSaid}{step.Name}");
            options.StepProbe?.Invoke(step.Name, false);
            await step.Do(scene, patience.Token);
            TellIfFenceBroke();
            options.StepProbe?.Invoke(step.Name, true);
            return null;
        }
        catch (Exception failure) when (step.Name == "confirm")
        {
            var why = $"the clients were switched, and that could not be confirmed: {failure.Message}";
            var isSwitched = await ResolveAsync(why, stop);
            FencedTime = time.GetElapsedTime(_fenced);
            return isSwitched ? null : "a person said that the clients were not switched";
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // The clients are on the target in any case; whoever runs the steps tries again.
            story.Tell(NoteLevel.Error, $"The fence could not be lifted: {failure.Message}");
            return null;
        }
    }

    private async Task UndoAsync(string why)
    {
        using var patience = new CancellationTokenSource(UndoPatience, time);
        while (_done.TryPop(out var step))
        {
            if (step.Undo is not { } undo)
            {
                continue;
            }

            try
            {
                await undo(scene, patience.Token);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                story.Tell(NoteLevel.Error, $"Step {step.Name} could not be taken back: {failure.Message}");
            }
        }

        FencedTime = _fenced == 0 ? TimeSpan.Zero : time.GetElapsedTime(_fenced);
        story.Enter(Phase.Following, $"the cutover was undone: {why}");
    }
}

/// <summary>How a cutover ended.</summary>
/// <param name="Switched">Whether the target has the clients.</param>
/// <param name="Why">Why it has not.</param>
internal sealed record CutoverOutcome(bool Switched, string Why);
