using System.Diagnostics;

namespace Keyferry.Bench.Running;

/// <summary>A process whose processor time and memory are followed until its end, because the kernel forgets them with it.</summary>
/// <remarks>Looked at every few milliseconds: what it uses after the last look, at most that long, is not counted. Disposing kills it.</remarks>
internal sealed class Watched : IAsyncDisposable
{
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly CancellationTokenSource _end = new();
    private readonly Task _watching;
    private double _cpuSeconds;
    private long _peakBytes;

    private Watched(ProcessStartInfo start)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        start.UseShellExecute = false;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} could not be started.");
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _watching = WatchAsync();
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Processor seconds used so far.</summary>
    public double CpuSeconds => Math.Max(ProcessFigures.CpuSeconds(Id) ?? 0, _cpuSeconds);

    /// <summary>The most memory it has had.</summary>
    public double PeakMebibytes => Math.Max(ProcessFigures.PeakBytes(Id) ?? 0, _peakBytes) / 1048576.0;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>What it has written so far, line by line.</summary>
    public IReadOnlyList<string> Lines
    {
        get
        {
            lock (_lines)
            {
                return [.. _lines];
            }
        }
    }

    public static Watched Start(string program, IEnumerable<string> arguments, string folder) =>
        new(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder });

    /// <summary>Waits for a line that the condition takes.</summary>
    /// <exception cref="InvalidOperationException">The process ended without it.</exception>
    public async Task<string> WaitForAsync(Func<string, bool> wanted, CancellationToken stop)
    {
        while (true)
        {
            var ended = _process.HasExited;
            if (Lines.FirstOrDefault(wanted) is { } line)
            {
                return line;
            }

            if (ended)
            {
                throw new InvalidOperationException($"{_process.StartInfo.FileName} ended too early:\n{Tail()}");
            }

            await Task.Delay(Glance, stop);
        }
    }

    /// <summary>Waits for the end.</summary>
    /// <exception cref="InvalidOperationException">It ended with another code than those wanted.</exception>
    public async Task EndAsync(CancellationToken stop, params int[] wanted)
    {
        await _process.WaitForExitAsync(stop);
        await _watching;
        if (!wanted.Contains(_process.ExitCode))
        {
            throw new InvalidOperationException($"{_process.StartInfo.FileName} ended with {_process.ExitCode}:\n{Tail()}");
        }
    }

    /// <summary>Asks it to end (SIGTERM).</summary>
    public async Task TerminateAsync()
    {
        using var shell = Process.Start("/bin/sh", ["-c", $"kill -TERM {Id}"]);
        await shell.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _end.CancelAsync();
        await _watching;
        await _process.WaitForExitAsync();
        _process.Dispose();
        _end.Dispose();
    }

    private async Task WatchAsync()
    {
        while (!_end.IsCancellationRequested && ProcessFigures.CpuSeconds(Id) is { } cpu)
        {
            _cpuSeconds = Math.Max(_cpuSeconds, cpu);
            _peakBytes = Math.Max(_peakBytes, ProcessFigures.PeakBytes(Id) ?? 0);
            if (_process.HasExited)
            {
                return;
            }

            await Task.Delay(Glance);
        }
    }

    private string Tail() => string.Join('\n', Lines.TakeLast(20)) is { Length: > 0 } tail ? tail : "(it said nothing)";

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (_lines)
            {
                _lines.Add(line);
            }
        }
    }
}
