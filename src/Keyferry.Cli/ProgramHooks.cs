using System.ComponentModel;
using System.Diagnostics;
using Keyferry.Cutover;

namespace Keyferry.Cli;

/// <summary>Runs the operator's programs as processes of their own.</summary>
internal sealed class ProgramHooks(TimeProvider time) : IHookRunner
{
    private const int LongestSaying = 500;

    /// <inheritdoc/>
    public async ValueTask<HookResult> RunAsync(
        string program,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan patience,
        CancellationToken stop
    )
    {
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = new Process { StartInfo = start };
        try
        {
            _ = process.Start();
        }
        catch (Exception failed) when (failed is Win32Exception or InvalidOperationException or PlatformNotSupportedException)
        {
            return new HookResult(false, null, failed.Message);
        }

        process.StandardInput.Close();
        using var over = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, over.Token);
        var output = process.StandardOutput.ReadToEndAsync(either.Token);
        var error = process.StandardError.ReadToEndAsync(either.Token);
        try
        {
            await process.WaitForExitAsync(either.Token);
        }
        catch (OperationCanceledException)
        {
            Kill(process);
            return new HookResult(true, null, "it was killed");
        }

        return new HookResult(true, process.ExitCode, LastOf(await SaidAsync(output, time) + await SaidAsync(error, time)));
    }

    /// <summary>What it has written; a child that it has left behind may hold its output open, which is not waited for.</summary>
    private static async Task<string> SaidAsync(Task<string> reading, TimeProvider time)
    {
        try
        {
            return await reading.WaitAsync(TimeSpan.FromMilliseconds(100), time);
        }
        catch (Exception open) when (open is TimeoutException or OperationCanceledException or IOException)
        {
            return "";
        }
    }

    private static string LastOf(string said)
    {
        var line = said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).LastOrDefault() ?? "";
        return line.Length > LongestSaying ? line[..LongestSaying] : line;
    }

    private static void Kill(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or Win32Exception)
        {
            // It ended by itself a moment ago; its answer is lost all the same.
            return;
        }
    }
}
