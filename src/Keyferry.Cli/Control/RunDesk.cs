using System.Runtime.CompilerServices;
using System.Text.Json;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Control;
using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli.Control;

/// <summary>Answers what is asked of the migration of this process.</summary>
/// <param name="options">What the run was asked for.</param>
/// <param name="progress">Takes a look at the run.</param>
/// <param name="control">What may be asked of the run itself.</param>
/// <param name="signals">How it is ended.</param>
/// <param name="time">The clock.</param>
internal sealed class RunDesk(
    MigrationOptions options,
    Func<ProgressSnapshot> progress,
    RunControl control,
    RunSignals signals,
    TimeProvider time
) : IControlDesk
{
    private readonly Lock _lock = new();
    private readonly ProgressRates _rates = new(options);

    /// <inheritdoc/>
    public async IAsyncEnumerable<ControlReply> AnswerAsync(ControlRequest request, [EnumeratorCancellation] CancellationToken stop)
    {
        await Task.CompletedTask;
        yield return request.Verb switch
        {
            "status" => Status(),
            "pause" => Pause(),
            "resume" => Resume(),
            "finish" => Finish(),
            "abort" => Abort(),
            _ => Refused(
                $"The run does not know the request \"{request.Verb}\".",
                "Use the same version of keyferry that started the run."
            ),
        };
    }

    private static ControlReply Refused(string saw, string remedy) =>
        new()
        {
            Done = true,
            Saw = saw,
            Remedy = remedy,
            ExitCode = ExitCodes.Refused,
        };

    private ControlReply Status()
    {
        ProgressView view;
        lock (_lock)
        {
            view = _rates.Take(progress());
        }

        var now = time.GetUtcNow();
        var status = JsonMapping.StatusOf(view, options, Environment.ProcessId, JsonLines.Stamp(now));
        return new ControlReply
        {
            Done = true,
            Text =
            [
                .. LiveView.RowsOf(view, now),
                LiveView.Aligned("from", [$"{options.Source} to {options.Target}, pid {Environment.ProcessId}"]),
            ],
            Status = JsonSerializer.SerializeToElement(status, JsonContext.Default.JsonStatus),
        };
    }

    private ControlReply Pause() =>
        ControlReply.Said(
            control.Pause()
                ? "paused: no key is moved until keyferry resume; changes are heard of and wait"
                : "the run is paused already; keyferry resume goes on"
        );

    private ControlReply Resume() => ControlReply.Said(control.Resume() ? "the run goes on" : "the run was not paused");

    private ControlReply Finish()
    {
        var again = signals.Finish.IsCancellationRequested;
        signals.AskFinish();
        return ControlReply.Said(
            again
                ? "the run is ending already"
                : "ending: the run drains, compares both sides and reports; keyferry status shows how far it is"
        );
    }

    private ControlReply Abort()
    {
        signals.AskAbort();
        return ControlReply.Said("ending at once: nothing is compared; what was changed on the source is put back");
    }
}
