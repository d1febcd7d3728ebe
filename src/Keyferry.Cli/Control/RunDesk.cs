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
        var asked = request.Verb switch
        {
            "cutover" when control.Back is null => control,
            "rollback" => control.Back,
            _ => null,
        };
        if (asked is { CanCutOver: true })
        {
            await foreach (var reply in CutOverAsync(asked, stop))
            {
                yield return reply;
            }

            yield break;
        }

        yield return request.Verb switch
        {
            "status" => Status(),
            "pause" => Pause(),
            "resume" => Resume(),
            "pace" => PaceDesk.Answer(Present.Pace, request.Pace),
            "finish" => Finish(),
            "abort" => Abort(),
            "cutover" when control.Back is not null => Refused(
                "The clients are on the target already.",
                "keyferry rollback brings them back, keyferry finish closes the way back."
            ),
            "cutover" => Refused(
                "The run was not started so that it can hand the clients over, or it has not come so far yet.",
                "Start it with --cutover manual, and --fence and --switch-hook as they fit."
            ),
            "rollback" => Refused(
                "No reverse window is open: the clients were not switched, or the run was started without --reverse-window.",
                "keyferry status says where the run is. After the window has closed, migrate from the new side to the old one."
            ),
            "hold" => ControlReply.Said(
                Present.Hold()
                    ? "the cutover is taken back; the run follows on"
                    : "the run follows, and begins no cutover until keyferry cutover"
            ),
            "answer" => Answered(control.Questions.Answer(aboutOwnership: false, request.Answer == "yes")),
            "resolve" => Answered(control.Questions.Answer(aboutOwnership: true, request.Answer == "switched")),
            _ => Refused(
                $"The run does not know the request \"{request.Verb}\".",
                "Use the same version of keyferry that started the run."
            ),
        };
    }

    /// <summary>What moves keys now: the run, or after a switch its way back.</summary>
    private RunControl Present => control.Back ?? control;

    private static ControlReply Refused(string saw, string remedy) =>
        new()
        {
            Done = true,
            Saw = saw,
            Remedy = remedy,
            ExitCode = ExitCodes.Refused,
        };

    private static ControlReply Answered(bool asked) =>
        asked
            ? ControlReply.Said("the run goes on with this answer")
            : Refused("The run asks nothing that this would be the answer to.", "keyferry status shows what it asks, if it asks anything.");

    private static async IAsyncEnumerable<ControlReply> CutOverAsync(RunControl asked, [EnumeratorCancellation] CancellationToken stop)
    {
        var talk = asked.AskCutover();
        for (var known = 0; ; )
        {
            var (lines, end) = await talk.ListenAsync(known, stop);
            known += lines.Count;
            yield return new ControlReply
            {
                Text = lines,
                Done = end is not null,
                ExitCode = end switch
                {
                    CutoverEnd.NotSwitched => ExitCodes.Refused,
                    CutoverEnd.Unknown => ExitCodes.OwnershipUnknown,
                    _ => ExitCodes.Ok,
                },
            };
            if (end is not null)
            {
                yield break;
            }
        }
    }

    private ControlReply Status()
    {
        ProgressView view;
        lock (_lock)
        {
            view = _rates.Take(progress());
        }

        var now = time.GetUtcNow();
        var question = control.Questions.Open?.Text;
        var status = JsonMapping.StatusOf(view, options, Environment.ProcessId, JsonLines.Stamp(now)) with { Question = question };
        string[] asks = question is null ? [] : [LiveView.Aligned("asks", [question])];
        return new ControlReply
        {
            Done = true,
            Text =
            [
                .. LiveView.RowsOf(view, now),
                LiveView.Aligned("from", [$"{view.From} to {view.To}, pid {Environment.ProcessId}"]),
                .. asks,
            ],
            Status = JsonSerializer.SerializeToElement(status, JsonContext.Default.JsonStatus),
        };
    }

    private ControlReply Pause() =>
        ControlReply.Said(
            Present.Pause()
                ? "paused: no key is moved until keyferry resume; changes are heard of and wait"
                : "the run is paused already; keyferry resume goes on"
        );

    private ControlReply Resume() => ControlReply.Said(Present.Resume() ? "the run goes on" : "the run was not paused");

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
