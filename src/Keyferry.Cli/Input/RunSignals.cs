using System.Runtime.InteropServices;

namespace Keyferry.Cli.Input;

/// <summary>Turns signals into the two ways to end a run.</summary>
/// <remarks>
/// The first SIGINT, SIGTERM or SIGHUP asks it to finish: drain, verify, report, put everything back. A SIGINT after that aborts: it still puts
/// everything back, but says nothing about both sides. A second SIGTERM does not abort, as supervisors repeat theirs.
/// </remarks>
internal sealed class RunSignals : IDisposable
{
    private readonly CancellationTokenSource _finish = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private readonly Lock _gate = new();
    private bool _over;

    /// <summary>Ends the run cleanly.</summary>
    public CancellationToken Finish => _finish.Token;

    /// <summary>Ends the run at once. Where it is set, <see cref="Finish"/> is set, too.</summary>
    public CancellationToken Abort => _abort.Token;

    /// <summary>Listens to this process's signals until disposed; none of them ends the process by itself meanwhile.</summary>
    public static RunSignals OfThisProcess()
    {
        var signals = new RunSignals();
        foreach (var signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            signals._registrations.Add(
                PosixSignalRegistration.Create(
                    signal,
                    context =>
                    {
                        context.Cancel = true;
                        signals.Take(context.Signal);
                    }
                )
            );
        }

        return signals;
    }

    /// <summary>Takes one signal.</summary>
    public void Take(PosixSignal signal)
    {
        lock (_gate)
        {
            if (_over)
            {
                return;
            }

            var ending = _finish.IsCancellationRequested && signal == PosixSignal.SIGINT ? _abort : _finish;
            ending.Cancel();
        }
    }

    /// <summary>Asks for the end as the first signal does.</summary>
    public void AskFinish() => _finish.Cancel();

    /// <summary>Asks for the end at once, as the second SIGINT does.</summary>
    public void AskAbort()
    {
        _finish.Cancel();
        _abort.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());

        // A signal may be on its way, on another thread; and the run that it ends may come here while the signal is still being taken.
        lock (_gate)
        {
            _over = true;
            _finish.Dispose();
            _abort.Dispose();
        }
    }
}
