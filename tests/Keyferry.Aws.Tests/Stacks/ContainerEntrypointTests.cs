using System.Diagnostics;

namespace Keyferry.Aws.Tests.Stacks;

/// <summary>What the container does with a run that begins, is killed, is refused, or is done; the program is a script that notes its arguments.</summary>
public sealed class ContainerEntrypointTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-entrypoint-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string State => Path.Combine(_folder, "state");

    [Fact]
    public async Task First_task_begins_and_the_next_one_goes_on()
    {
        Assert.Equal(
            (5, "migrate --work-dir STATE/work --json --interval 30s --mode live --capture tracking --target-keys merge"),
            await RunAsync(5, "live", "merge")
        );
        Assert.Equal((7, "migrate --work-dir STATE/work --json --interval 30s --resume"), await RunAsync(7, "live"));
        Assert.Equal((0, "migrate --work-dir STATE/work --json --interval 30s --resume"), await RunAsync(0, "live"));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task What_was_refused_begins_anew(int code)
    {
        _ = await RunAsync(code, "live");
        var (_, said) = await RunAsync(5, "live");
        Assert.Contains("--mode live", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Snapshot_that_is_proved_is_not_begun_again()
    {
        using var first = Start(0, "snapshot");
        Assert.Contains("complete and compared", await LineAsync(first), StringComparison.Ordinal);
        // The alarm on silence counts these lines.
        Assert.Equal("""{"type":"ended"}""", await LineAsync(first));
        await EndAsync(first);
        using var second = Start(0, "snapshot");
        Assert.Contains("has ended before, with exit code 0", await LineAsync(second), StringComparison.Ordinal);
        await EndAsync(second);
        Assert.Single(await File.ReadAllLinesAsync(Path.Combine(_folder, "said"), AwsBench.Stop));
    }

    [Fact]
    public async Task Signal_at_any_moment_ends_the_container()
    {
        // The moments between the start of a child and the note of its number among them.
        for (var number = 0; number < 25; number++)
        {
            _ = Directory.CreateDirectory(State);
            await File.WriteAllTextAsync(Path.Combine(State, "ended"), "0", AwsBench.Stop);
            using var task = Start(0, "snapshot");
            if (number % 2 == 0)
            {
                _ = await LineAsync(task);
            }

            await Task.Delay(number / 2, AwsBench.Stop);
            await EndAsync(task);
        }
    }

    [Fact]
    public async Task Signal_reaches_the_run_and_its_exit_code_is_the_container_s()
    {
        using var task = Start(0, "live", program: "trap 'echo drained; exit 5' TERM; echo started; while :; do sleep 0.05; done");
        Assert.Equal("started", await LineAsync(task));
        await SignalAsync(task);
        Assert.Equal("drained", await LineAsync(task));
        await GoneAsync(task);
        Assert.Equal(5, task.ExitCode);
    }

    private async Task<(int Code, string Said)> RunAsync(int code, string mode, string targetKeys = "")
    {
        using var task = Start(code, mode, targetKeys);
        await GoneAsync(task);
        var lines = await File.ReadAllLinesAsync(Path.Combine(_folder, "said"), AwsBench.Stop);
        return (task.ExitCode, lines[^1].Replace(State, "STATE", StringComparison.Ordinal));
    }

    private Process Start(int code, string mode, string targetKeys = "", string? program = null)
    {
        _ = Directory.CreateDirectory(State);
        var script = Path.Combine(_folder, "program");
        File.WriteAllText(script, $"#!/bin/sh\n{program ?? $"echo \"$@\" >>{_folder}/said\nexit {code}"}\n");
        var how = new ProcessStartInfo("/bin/sh", [Path.Combine(Root(), "tools", "container-entrypoint")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        how.Environment["KEYFERRY_PROGRAM"] = script;
        how.Environment["KEYFERRY_STATE"] = State;
        how.Environment["KEYFERRY_STACK_MODE"] = mode;
        how.Environment["KEYFERRY_STACK_CAPTURE"] = "tracking";
        how.Environment["KEYFERRY_STACK_TARGET_KEYS"] = targetKeys;
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(script, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        }

        return Process.Start(how) ?? throw new InvalidOperationException("/bin/sh could not be started");
    }

    private static async Task<string> LineAsync(Process task) =>
        await task.StandardOutput.ReadLineAsync(AwsBench.Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(30)) ?? "";

    private static async Task SignalAsync(Process task)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {task.Id}"]);
        await kill.WaitForExitAsync(AwsBench.Stop);
    }

    private static async Task EndAsync(Process task)
    {
        await SignalAsync(task);
        await GoneAsync(task);
    }

    // A container that does not end is a failure, and not a test that never ends.
    private static async Task GoneAsync(Process task)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await task.WaitForExitAsync(patience.Token);
            // A process that stays behind would keep the output of whoever waits for it open: of these tests, for example.
            _ = await task.StandardError.ReadToEndAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            task.Kill(entireProcessTree: true);
            Assert.Fail("the container did not end within 30 s, or left a process behind");
        }
    }

    internal static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Keyferry.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("No Keyferry.slnx above the tests.");
    }
}
