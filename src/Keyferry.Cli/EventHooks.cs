using System.Globalization;
using System.Threading.Channels;
using Keyferry.Cli.Output;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli;

/// <summary>Runs the operator's programs at every phase and every gap: all executables of a folder, one after the other, by their names.</summary>
/// <remarks>
/// <para><b>Promises.</b> The run never waits for them: events queue up, and those that the programs are too slow for are left out and told. They see events in the
/// order in which they happened. A program that fails or takes too long is told, and changes nothing.</para>
/// <para><b>Concurrency.</b> Events may come from any task; the programs run on one.</para>
/// </remarks>
internal sealed class EventHooks : IRunObserver
{
    private const int MostQueued = 1000;
    private const UnixFileMode AnyExecute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LastWait = TimeSpan.FromSeconds(10);

    private readonly string _folder;
    private readonly IHookRunner _runner;
    private readonly MigrationOptions _options;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private readonly Channel<RunEvent> _events;
    private int _full;

    /// <param name="folder">Where the programs lie.</param>
    /// <param name="runner">Runs them.</param>
    /// <param name="options">Of the run; its servers are told without passwords.</param>
    /// <param name="warn">Is told what goes wrong.</param>
    /// <param name="time">The clock.</param>
    public EventHooks(string folder, IHookRunner runner, MigrationOptions options, Action<string> warn, TimeProvider time)
    {
        (_folder, _runner, _options, _warn, _time) = (Path.GetFullPath(folder), runner, options, warn, time);
        _events = Channel.CreateBounded<RunEvent>(
            new BoundedChannelOptions(MostQueued) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true },
            _ => TellFull()
        );
    }

    /// <inheritdoc/>
    public void On(RunEvent happened) => _events.Writer.TryWrite(happened);

    /// <summary>Runs the programs for what happens, until <paramref name="run"/> is over and they have been told all of it.</summary>
    public async Task RunAsync(Task run)
    {
        using var over = new CancellationTokenSource();
        var telling = TellAsync(over.Token);
        await Task.WhenAny(run);
        _ = _events.Writer.TryComplete();
        over.CancelAfter(LastWait);
        await telling;
    }

    private async Task TellAsync(CancellationToken stop)
    {
        try
        {
            await foreach (var happened in _events.Reader.ReadAllAsync(stop))
            {
                if (EnvironmentOf(happened) is { } environment)
                {
                    await TellAsync(environment, stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            _warn("The hooks were not done with what had happened when the run was over.");
        }
    }

    private async Task TellAsync(Dictionary<string, string> environment, CancellationToken stop)
    {
        foreach (var program in Programs())
        {
            var result = await _runner.RunAsync(program, environment, Patience, stop);
            stop.ThrowIfCancellationRequested();
            if (!result.Started || result.ExitCode != 0)
            {
                var ended = result.ExitCode is { } code ? $"ended with {code}" : "did not end by itself";
                _warn($"The hook {Path.GetFileName(program)} {(result.Started ? ended : "could not be started")}: {result.Said}");
            }
        }
    }

    /// <summary>The programs of a folder, in the order in which they are run.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static IReadOnlyList<string> ProgramsIn(string folder) =>
        [.. Directory.EnumerateFiles(folder).Where(IsExecutable).Order(StringComparer.Ordinal)];

    /// <summary>Looked up each time, so that programs may come and go during a run.</summary>
    private IReadOnlyList<string> Programs()
    {
        try
        {
            return ProgramsIn(_folder);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            _warn($"The folder of hooks cannot be read: {gone.Message}");
            return [];
        }
    }

    private static bool IsExecutable(string path) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & AnyExecute) != UnixFileMode.None;

    /// <summary>What a program is told, or <see langword="null"/> for events that are none of its affair.</summary>
    private Dictionary<string, string>? EnvironmentOf(RunEvent happened)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["KEYFERRY_AT"] = Quantity.Moment(happened.At),
            ["KEYFERRY_TEXT"] = EventText.Of(happened),
            ["KEYFERRY_SOURCE"] = _options.Source.ToString(),
            ["KEYFERRY_TARGET"] = _options.Target.ToString(),
        };
        switch (happened)
        {
            case RunEvent.PhaseEntered entered:
                environment["KEYFERRY_EVENT"] = "phase";
                environment["KEYFERRY_PHASE"] = JsonMapping.Word(entered.Phase);
                return environment;
            case RunEvent.GapOpened gap:
                environment["KEYFERRY_EVENT"] = "gap";
                environment["KEYFERRY_GAP"] = gap.Id.ToString(CultureInfo.InvariantCulture);
                return environment;
            case RunEvent.GapClosed gap:
                environment["KEYFERRY_EVENT"] = "gap-closed";
                environment["KEYFERRY_GAP"] = gap.Id.ToString(CultureInfo.InvariantCulture);
                return environment;
            default:
                return null;
        }
    }

    private void TellFull()
    {
        if (Interlocked.Exchange(ref _full, 1) == 0)
        {
            _warn("The hooks are too slow for what happens; some of it is left out.");
        }
    }
}
