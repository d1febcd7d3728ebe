using System.Diagnostics;
using System.Text;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Programs;

/// <summary>The built program in a process and a working folder of its own, as an operator runs it.</summary>
/// <remarks>
/// Disposing kills the process if it still runs, and deletes the folder. The variable <c>KEYFERRY_PROGRAM</c> names another build of the
/// program, the native one for example; without it, it is the one that lies beside the tests. Test classes that start it have the trait
/// <c>Needs=Program</c>, by which <c>./test --all</c> finds them for the native build.
/// </remarks>
internal sealed class KeyferryProgram : IAsyncDisposable
{
    private static readonly TimeSpan _glance = TimeSpan.FromMilliseconds(50);

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private KeyferryProgram(string[] arguments, string? shell = null, IEnumerable<KeyValuePair<string, string>>? variables = null)
    {
        var start = new ProcessStartInfo(shell is null ? File : "sh")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = Folder,
        };
        string[] before = shell is null ? [] : ["-c", shell, File];
        foreach (var argument in before.Concat(arguments))
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in variables ?? [])
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException("The program could not be started.");
        OrphanGuard.Watch(_process.Id);
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    /// <summary>Where the program is.</summary>
    public static string File { get; } =
        Environment.GetEnvironmentVariable("KEYFERRY_PROGRAM") is { Length: > 0 } named
            ? named
            : Path.Combine(AppContext.BaseDirectory, "Keyferry.Cli");

    /// <summary>The folder it works in.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("keyferry-run-").FullName;

    /// <summary>What it has written to both of its outputs so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>The most resident memory it has had so far, in bytes; 0 when it has ended.</summary>
    public long PeakResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.PeakWorkingSet64;
        }
    }

    /// <summary>Whether the process has ended.</summary>
    public bool HasEnded => _process.HasExited;

    public static KeyferryProgram Start(params string[] arguments) => new(arguments);

    /// <summary>Starts it with environment variables beside those of the tests.</summary>
    public static KeyferryProgram StartWith(IEnumerable<KeyValuePair<string, string>> variables, params string[] arguments) =>
        new(arguments, variables: variables);

    /// <summary>Starts it where no file may grow beyond <paramref name="bytes"/>: writing more fails, as on a full disk.</summary>
    public static KeyferryProgram StartWithLimitedFiles(int bytes, params string[] arguments) =>
        // The signal that comes with it is ignored, so that the write fails; and the runtime must not map its own code through a file.
        new(arguments, $"trap '' XFSZ; export DOTNET_EnableWriteXorExecute=0; exec prlimit --fsize={bytes} \"$0\" \"$@\"");

    /// <summary>From now on no file may be written beyond <paramref name="bytes"/>; for one that was started by <see cref="StartWithLimitedFiles"/>.</summary>
    public async Task LimitFilesAsync(int bytes)
    {
        using var limit = Process.Start("prlimit", ["--pid", $"{_process.Id}", $"--fsize={bytes}"]);
        await limit.WaitForExitAsync();
        Assert.Equal(0, limit.ExitCode);
    }

    /// <summary>Waits until the output holds the words, whatever their case.</summary>
    /// <exception cref="InvalidOperationException">The program ended, or the time was over, before it said so.</exception>
    public async Task WaitForAsync(string words, TimeSpan budget)
    {
        var waited = Stopwatch.StartNew();
        while (!Output.Contains(words, StringComparison.OrdinalIgnoreCase))
        {
            if (_process.HasExited || waited.Elapsed > budget)
            {
                throw new InvalidOperationException($"keyferry did not say '{words}' within {waited.Elapsed.TotalSeconds:N1} s:\n{Output}");
            }

            await Task.Delay(_glance);
        }
    }

    /// <summary>Asks it to end as a supervisor does (SIGTERM).</summary>
    public async Task TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        await kill.WaitForExitAsync();
    }

    /// <summary>Ends it at once (SIGKILL), so that it can put nothing back.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    /// <exception cref="TimeoutException">It went on for longer than <paramref name="budget"/>.</exception>
    public async Task<int> EndAsync(TimeSpan budget)
    {
        using var patience = new CancellationTokenSource(budget);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException over)
        {
            throw new TimeoutException($"keyferry still runs after {budget.TotalSeconds:N0} s:\n{Output}", over);
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
        OrphanGuard.Forget(_process.Id);
        _process.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }
        }
    }
}
