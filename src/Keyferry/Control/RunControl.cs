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

    /// <summary>What keeps the lanes from moving keys.</summary>
    public PauseGate Gate { get; } = new();

    /// <summary>What may be taken from the source.</summary>
    public PaceDial Pace { get; } = new();

    /// <summary>What a person is asked, and the answers.</summary>
    public PersonQuestions Questions { get; private init; } = new();

    /// <summary>What may be asked of the way back, while there is one.</summary>
    public RunControl? Back { get; private set; }

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

    /// <summary>Cancelled when the operator takes a cutover back.</summary>
    public CancellationToken Held
    {
        get
        {
            lock (_lock)
            {
                return _held.Token;
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

    /// <summary>Asks for the cutover, as soon as the run is ready for it.</summary>
    /// <returns>What is said of it; the same for all who ask before it has ended.</returns>
    public CutoverTalk AskCutover()
    {
        lock (_lock)
        {
            _holding = false;
            if (_talk is not { HasEnded: false })
            {
                _talk = new CutoverTalk();
            }

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

    /// <summary>Takes back a cutover that was asked for, up to the switch, and keeps the run from beginning one by itself.</summary>
    /// <returns>Whether one was asked for.</returns>
    public bool Hold()
    {
        CutoverTalk? talk;
        CancellationTokenSource held;
        lock (_lock)
        {
            _holding = true;
            talk = _talk is { HasEnded: false } ? _talk : null;
            (held, _held) = (_held, NewHold());
        }

        talk?.End(CutoverEnd.NotSwitched, "the operator holds the run");
        held.Cancel();
        return talk is not null;
    }

    private static CancellationTokenSource NewHold() => new();
}
