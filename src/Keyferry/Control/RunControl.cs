using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Throttle;

namespace Keyferry.Control;

/// <summary>What can be asked of a run while it goes on, by whoever holds it: another terminal, a program, a test. Thread-safe; every call returns at once.</summary>
internal sealed class RunControl
{
    private const string ByOperator = "paused by the operator (keyferry resume goes on)";

    private readonly Lock _lock = new();
    private CutoverTalk? _talk;
    private RunControl? _opening;

    // Holds nothing that would have to be given back: no timer, no wait handle.
    private CancellationTokenSource _held = NewHold();
    private bool _holding;
    private CutoverStage _stage;
    private bool _takenBack;
    private int _askers;

    /// <summary>What keeps the lanes from moving keys.</summary>
    public PauseGate Gate { get; } = new();

    /// <summary>What may be taken from the source.</summary>
    public PaceDial Pace { get; } = new();

    /// <summary>What a person is asked, and the answers.</summary>
    public PersonQuestions Questions { get; private init; } = new();

    /// <summary>What may be asked of the way back, while there is one.</summary>
    public RunControl? Back { get; private set; }

    /// <summary>Whether the run itself is the way back of one that was killed: its source has the clients; set by the run.</summary>
    public bool IsBack { get; set; }

    /// <summary>Whether the operator has paused the run.</summary>
    public bool IsPaused { get; private set; }

    /// <summary>Whether the run has been started so that it can cut over; set by the run.</summary>
    public bool CanCutOver { get; set; }

    /// <summary>The cutover that somebody has asked for and that has not ended, or <see langword="null"/>.</summary>
    public CutoverTalk? Talk
    {
        get
        {
            lock (_lock)
            {
                return _talk is { HasEnded: false } ? _talk : null;
            }
        }
    }

    /// <summary>Whether the operator wants no cutover to begin by itself.</summary>
    public bool IsHolding
    {
        get
        {
            lock (_lock)
            {
                return _holding;
            }
        }
    }

    /// <summary>How far a cutover has come.</summary>
    public CutoverStage Stage
    {
        get
        {
            lock (_lock)
            {
                return _stage;
            }
        }
    }

    /// <summary>Stops moving keys. Changes are heard of and wait within their memory budget; beyond it the source is scanned again later.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Pause()
    {
        IsPaused = true;
        return Gate.Close(ByOperator);
    }

    /// <summary>Moves keys again.</summary>
    /// <returns>Whether the run was paused.</returns>
    public bool Resume()
    {
        IsPaused = false;
        return Gate.Open(ByOperator);
    }

    /// <summary>Asks for the cutover, as soon as the run is ready for it, until <see cref="Leave"/>.</summary>
    /// <returns>What is said of it; the same for all who ask before it has ended.</returns>
    public CutoverTalk AskCutover()
    {
        lock (_lock)
        {
            _holding = false;
            if (_talk is not { HasEnded: false })
            {
                _talk = new CutoverTalk();
                _askers = 0;
            }

            _askers++;
            return _talk;
        }
    }

    /// <summary>A way back is being opened. Until the clients have been switched, whoever asks means the run itself.</summary>
    /// <returns>What may be asked of it.</returns>
    public RunControl OpenBack() => _opening = new RunControl { Questions = Questions };

    /// <summary>The clients are on the other side: whoever asks from now on means the way back.</summary>
    public void TurnBack() => Back = _opening;

    /// <summary>The way back is closed.</summary>
    public void CloseBack() => Back = null;

    /// <summary>Somebody who has asked for a cutover does not wait for it any more. Where he was the only one, it is withdrawn, unless clients are kept from writing
    /// already.</summary>
    public LeaveAnswer Leave(CutoverTalk talk)
    {
        CancellationTokenSource? held = null;
        lock (_lock)
        {
            if (talk != _talk || talk.HasEnded)
            {
                return LeaveAnswer.TooLate;
            }

            _askers--;
            if (_askers > 0 || _stage >= CutoverStage.Fenced)
            {
                return _askers > 0 ? LeaveAnswer.OthersAsk : LeaveAnswer.TooLate;
            }

            if (_stage == CutoverStage.Preparing)
            {
                _takenBack = true;
                (held, _held) = (_held, NewHold());
            }
            else
            {
                _talk = null;
            }
        }

        // A cutover that is under way says itself how it was undone.
        if (held is null)
        {
            talk.End(CutoverEnd.NotSwitched, "withdrawn: whoever asked for it has gone");
        }

        held?.Cancel();
        return LeaveAnswer.Withdrawn;
    }

    /// <summary>Takes back a cutover that was asked for, up to the switch, and keeps the run from beginning one by itself.</summary>
    /// <returns>What has become of it. One that is under way is undone from now on, and says so to those who wait for it.</returns>
    public HoldAnswer Hold()
    {
        CutoverTalk? talk;
        CancellationTokenSource held;
        bool running;
        lock (_lock)
        {
            if (_stage >= CutoverStage.Switching)
            {
                return HoldAnswer.TooLate;
            }

            _holding = true;
            running = _stage != CutoverStage.None;
            _takenBack = running;
            talk = _talk is { HasEnded: false } ? _talk : null;
            _talk = running ? _talk : null;
            (held, _held) = (_held, NewHold());
        }

        if (!running)
        {
            talk?.End(CutoverEnd.NotSwitched, "the operator holds the run");
        }

        held.Cancel();
        return talk is null ? HoldAnswer.NothingAsked : HoldAnswer.TakenBack;
    }

    /// <summary>The run begins the cutover that was asked for.</summary>
    /// <returns>Cancelled when it is taken back; <see langword="null"/> where that has happened already.</returns>
    public CancellationToken? BeginCutover(CutoverTalk talk)
    {
        lock (_lock)
        {
            if (talk != _talk || talk.HasEnded)
            {
                return null;
            }

            (_stage, _takenBack) = (CutoverStage.Preparing, false);
            return _held.Token;
        }
    }

    /// <summary>The cutover has come to a phase of the run: to the fence, or to where nobody knows who has the clients.</summary>
    public void Enter(Phase phase)
    {
        lock (_lock)
        {
            _stage = phase switch
            {
                Phase.Fencing => CutoverStage.Fenced,
                Phase.OwnershipUnknown => CutoverStage.Unknown,
                _ => _stage,
            };
        }
    }

    /// <summary>The run is about to switch the clients.</summary>
    /// <returns>Whether it may: from then on nobody can take the cutover back, and nobody has before.</returns>
    public bool BeginSwitch()
    {
        lock (_lock)
        {
            _stage = _takenBack ? _stage : CutoverStage.Switching;
            return !_takenBack;
        }
    }

    /// <summary>The cutover is over.</summary>
    public void EndCutover(bool switched)
    {
        lock (_lock)
        {
            _stage = switched ? CutoverStage.Switched : CutoverStage.None;
        }
    }

    private static CancellationTokenSource NewHold() => new();
}
