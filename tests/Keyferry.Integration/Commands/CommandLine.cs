using Keyferry.Cli;
using Keyferry.Cli.Input;

namespace Keyferry.Integration.Commands;

/// <summary>Runs the program's commands in this process, with outputs, variables and signals in the test's hands.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    /// <summary>The signals of the command that runs; a command disposes them, so one object runs one command that waits for signals.</summary>
    public RunSignals Signals { get; } = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public string Out
    {
        get
        {
            lock (_out)
            {
                return _out.ToString();
            }
        }
    }

    public string Error => _error.ToString();

    public Task<int> RunAsync(params string[] args) =>
        App.RunAsync(
            args,
            new Surroundings
            {
                Out = new LockedWriter(_out),
                Error = _error,
                Variable = Variables.GetValueOrDefault,
                Signals = () => Signals,
            }
        );

    public void Dispose()
    {
        _out.Dispose();
        _error.Dispose();
        Signals.Dispose();
    }

    private sealed class LockedWriter(StringWriter inner) : TextWriter
    {
        public override System.Text.Encoding Encoding => inner.Encoding;

        public override void Write(char value)
        {
            lock (inner)
            {
                inner.Write(value);
            }
        }
    }
}
