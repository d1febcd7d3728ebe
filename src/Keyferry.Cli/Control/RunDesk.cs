using System.Runtime.CompilerServices;
using System.Text.Json;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
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
    public async IAsyncEnumerable<ControlReply> AnswerAsync(
        ControlRequest request,
        [EnumeratorCancellation] CancellationToken stop,
        CancellationToken gone = default
    )
    {
        if (request.Verb is "cutover" or "rollback" && Present.Stage == CutoverStage.Unknown)
        {
            yield return NobodyKnows();
            yield break;
        }

        if (request.Verb == "abort")
        {
            try
            {
                yield return ControlReply.Said("ending at once: nothing is compared; what was changed on the source is put back");
            }
            finally
            {
                // Answered first: the run may be gone a moment later.
                signals.AskAbort();
            }

            yield break;
        }

        var asked = request.Verb switch
        {
            "cutover" when Back is null => control,
            "rollback" => Back,
            _ => null,
        };
        if (asked is { CanCutOver: true, Stage: not CutoverStage.Switched })
        {
            await foreach (var reply in CutOverAsync(asked, gone, stop))
            {
                yield return reply;
            }

            yield break;
        }

        yield return Answer(request);
    }

    private ControlReply Answer(ControlRequest request) =>
        request.Verb switch
        {
            "status" => Status(),
            "pause" => Pause(),
            "resume" => Resume(),
            "pace" => PaceDesk.Answer(Present.Pace, request.Pace),
            "finish" => Finish(),
            "cutover" => NoCutover(),
            "rollback" => NoRollback(),
            "hold" => Hold(),
            "answer" => Answered(control.Questions.Answer(aboutOwnership: false, request.Answer == "yes")),
            "resolve" => Answered(control.Questions.Answer(aboutOwnership: true, request.Answer == "switched")),
            _ => Refused(
                $"The run does not know the request \"{request.Verb}\".",
                "Use the same version of keyferry that started the run."
            ),
        };

    /// <summary>What moves keys now: the run, or after a switch its way back.</summary>
    private RunControl Present => Back ?? control;

    /// <summary>The way back, while there is one.</summary>
    private RunControl? Back => control.IsBack ? control : control.Back;

    private static ControlReply Refused(string saw, string remedy) =>
        new()
        {
            Done = true,
            Saw = saw,
            Remedy = remedy,
            ExitCode = ExitCodes.Refused,
        };

    /// <summary>Whether the clients were switched, and were brought back since.</summary>
    private bool AreBack => Back?.Stage == CutoverStage.Switched;

    /// <summary>The side that the clients came from, and that they have left or are to leave.</summary>
    private Endpoint Home => control.IsBack ? options.Target : options.Source;

    /// <summary>The side that they are switched to.</summary>
    private Endpoint Away => control.IsBack ? options.Source : options.Target;

    /// <summary>Where the clients are, once they have been switched; <see langword="null"/> before, and where nobody knows.</summary>
    private Endpoint? Clients =>
        Present.Stage == CutoverStage.Unknown ? null
        : AreBack ? Home
        : Back is not null || control.Stage == CutoverStage.Switched ? Away
        : null;

    private ControlReply WereBroughtBack() =>
        Refused(
            $"The clients were brought back to {Home}: this run hands nobody over any more.",
            $"It ends by itself when {Away} has been watched for long enough, and at once with keyferry finish. A new cutover is a new run, with --target-keys replace."
        );

    private ControlReply NoCutover() =>
        AreBack ? WereBroughtBack()
        : Back is not null || control.Stage == CutoverStage.Switched
            ? Refused(
                "The clients were switched already.",
                "keyferry rollback brings them back while a way back is open, keyferry finish closes it."
            )
        : Refused(
            "The run was not started so that it can hand the clients over, or it has not come so far yet.",
            "Start it with --cutover manual, and --fence and --switch-hook as they fit."
        );

    private ControlReply NoRollback() =>
        (AreBack, control.IsBack) switch
        {
            (true, _) => WereBroughtBack(),
            (_, true) => Refused(
                "This way back was not started so that it can bring the clients back, or it has not come so far yet.",
                "End it (keyferry abort) and start it again with --resume --cutover manual, and --fence and --switch-hook as they fit."
            ),
            _ => Refused(
                "No reverse window is open: the clients were not switched, or the run was started without --reverse-window.",
                "keyferry status says where the run is. After the window has closed, migrate from the new side to the old one."
            ),
        };

    private static ControlReply NobodyKnows() =>
        Refused(
            "Nobody knows which side the clients write to, and nothing happens until a person has said it.",
            "Find out where the clients write, then: keyferry resolve --switched, or keyferry resolve --not-switched."
        ) with
        {
            ExitCode = ExitCodes.OwnershipUnknown,
        };

    private static ControlReply Answered(bool asked) =>
        asked
            ? ControlReply.Said("the run goes on with this answer")
            : Refused("The run asks nothing that this would be the answer to.", "keyferry status shows what it asks, if it asks anything.");

    private async IAsyncEnumerable<ControlReply> CutOverAsync(
        RunControl asked,
        CancellationToken gone,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        var talk = asked.AskCutover();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(gone, stop);
        var waits = true;
        try
        {
            for (var known = 0; waits; )
            {
                var heard = await HearAsync(talk, known, either.Token, gone);
                known += heard?.Text.Count ?? 0;
                waits = heard is { Done: false };
                yield return heard ?? Left(asked, asked.Leave(talk));
            }
        }
        finally
        {
            if (waits)
            {
                _ = asked.Leave(talk);
            }
        }
    }

    /// <returns>What is new; <see langword="null"/> where whoever asked has gone.</returns>
    private static async ValueTask<ControlReply?> HearAsync(CutoverTalk talk, int known, CancellationToken either, CancellationToken gone)
    {
        try
        {
            var (lines, end) = await talk.ListenAsync(known, either);
            return new ControlReply
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
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
            return null;
        }
    }

    private ControlReply Left(RunControl asked, LeaveAnswer answer)
    {
        var byItself = asked == control && options.Cutover?.When == CutoverWhen.WhenReady;
        var text = (answer, asked.Stage) switch
        {
            (LeaveAnswer.Withdrawn, _) when byItself =>
                "withdrawn: nothing is switched now; the run begins a cutover by itself (--cutover when-ready), unless keyferry hold keeps it from that",
            (LeaveAnswer.Withdrawn, _) => "withdrawn: nothing is switched, and the run follows on",
            (LeaveAnswer.OthersAsk, _) => "not withdrawn: others ask for it, too; keyferry hold takes it back",
            (_, CutoverStage.Unknown) =>
                "not withdrawn: nobody knows which side the clients write to; keyferry resolve --switched, or keyferry resolve --not-switched",
            (_, CutoverStage.Switching or CutoverStage.Switched) =>
                "not withdrawn: the clients are being switched, or are switched already; keyferry status says where the run is",
            (_, CutoverStage.Fenced) =>
                "not withdrawn: clients are fenced already, and it goes on; keyferry hold takes it back until the switch",
            _ => "not withdrawn: it has ended already; keyferry status says where the run is",
        };
        return ControlReply.Said(text) with { ExitCode = answer == LeaveAnswer.Withdrawn ? ExitCodes.Refused : ExitCodes.Aborted };
    }

    private ControlReply Hold() =>
        (Present.Hold(), Present.Stage) switch
        {
            (HoldAnswer.TakenBack, _) => ControlReply.Said("the cutover is taken back; the run follows on"),
            (HoldAnswer.NothingAsked, _) when Back is not null => ControlReply.Said(
                "nobody has asked for a rollback; the way back stays open until keyferry rollback or keyferry finish"
            ),
            (HoldAnswer.NothingAsked, _) => ControlReply.Said("the run follows, and begins no cutover until keyferry cutover"),
            (_, CutoverStage.Unknown) => NobodyKnows(),
            (_, CutoverStage.Switched) when AreBack => WereBroughtBack(),
            (_, CutoverStage.Switched) => Refused(
                "The clients are switched already.",
                "keyferry status says where the run is; while a way back is open, keyferry rollback brings them back."
            ),
            _ => Refused(
                "The clients are being switched, and that cannot be taken back any more.",
                "Wait for its outcome: whoever waits in keyferry cutover is told, and keyferry status says where the run is."
            ),
        };

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
        string[] back =
            control.IsBack && control.Stage != CutoverStage.Switched
                ?
                [
                    LiveView.Aligned(
                        "way back",
                        [$"the clients are on {view.From}; keyferry rollback brings them back to {view.To}, keyferry finish closes it"]
                    ),
                ]
                : [];
        status = (control.IsBack ? status with { Direction = "back" } : status) with { Clients = Clients?.ToString() };
        return new ControlReply
        {
            Done = true,
            Text =
            [
                .. LiveView.RowsOf(view, now),
                LiveView.Aligned("from", [$"{view.From} to {view.To}, pid {Environment.ProcessId}"]),
                .. back,
                .. AfterSwitch(),
                .. asks,
            ],
            Status = JsonSerializer.SerializeToElement(status, JsonContext.Default.JsonStatus),
        };
    }

    /// <summary>What is left to do once the clients are where they stay.</summary>
    private string[] AfterSwitch() =>
        Present.Stage != CutoverStage.Switched
            ? []
            :
            [
                LiveView.Aligned("clients", [AreBack ? $"the clients are back on {Home}" : $"the clients are on {Away}"]),
                LiveView.Aligned("old side", [$"{LeftLast} is watched for clients that still write there; keyferry finish ends that"]),
            ];

    /// <summary>The side that the clients have left last.</summary>
    private Endpoint LeftLast => AreBack ? Away : Home;

    private ControlReply Pause() =>
        Present.Stage == CutoverStage.Switched
            ? NothingMoves()
            : ControlReply.Said(
                Present.Pause()
                    ? "paused: no key is moved until keyferry resume; changes are heard of and wait"
                    : "the run is paused already; keyferry resume goes on"
            );

    private ControlReply Resume() =>
        Present.Stage == CutoverStage.Switched
            ? NothingMoves()
            : ControlReply.Said(Present.Resume() ? "the run goes on" : "the run was not paused");

    private ControlReply NothingMoves() =>
        Refused(
            $"Nothing is moved any more: the clients are on {Clients}.",
            "keyferry status says what the run still does; keyferry finish ends it."
        );

    private ControlReply Finish()
    {
        if (Present.Stage == CutoverStage.Unknown)
        {
            return NobodyKnows();
        }

        var again = signals.Finish.IsCancellationRequested;
        signals.AskFinish();
        return ControlReply.Said(
            (Present.Stage, again) switch
            {
                (_, true) => "the run is ending already",
                (CutoverStage.Switched, _) => $"ending: {LeftLast} is watched no longer, and the run reports",
                _ when Back is not null => "ending: the way back is closed, what still waits is moved, and the run reports",
                _ => "ending: the run drains, compares both sides and reports; keyferry status shows how far it is",
            }
        );
    }
}
