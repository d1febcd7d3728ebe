using System.Diagnostics;
using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Programs;

/// <summary>Programs of others around a run: hooks that are told what happens, and a program that uses the library.</summary>
public sealed class HooksAndSampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-hooks-").FullName;

    private string Work => Path.Combine(_folder, "work");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Hooks_see_the_phases_in_order_and_their_failures_change_nothing()
    {
        var hooks = Directory.CreateDirectory(Path.Combine(_folder, "hooks")).FullName;
        var seen = Path.Combine(_folder, "seen");
        Write(Path.Combine(hooks, "10-note"), $"echo \"$KEYFERRY_EVENT $KEYFERRY_PHASE $KEYFERRY_SOURCE\" >> '{seen}'");
        Write(Path.Combine(hooks, "20-fail"), "echo it is closed on Sundays >&2; exit 3");
        await File.WriteAllTextAsync(Path.Combine(hooks, "notes.txt"), "not a program", TestContext.Current.CancellationToken);
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        using var line = new CommandLine();

        var exit = await line.RunAsync([
            "migrate",
            source.Uri,
            target.Uri,
            "--work-dir",
            Work,
            "--until-idle",
            "200ms",
            "--plain",
            "--hooks",
            hooks,
        ]);

        Assert.True(exit == ExitCodes.Ok, line.Out + line.Error);
        var phases = (await File.ReadAllLinesAsync(seen, TestContext.Current.CancellationToken)).Select(static one => one.Split(' ')[1]);
        Assert.Equal(["arming", "copying", "following", "draining", "proving", "completed"], phases);
        Assert.Contains("The hook 20-fail ended with 3: it is closed on Sundays", line.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_hooks_that_is_not_there_is_refused_before_anything_is_touched()
    {
        using var line = new CommandLine();
        Assert.Equal(
            ExitCodes.Usage,
            await line.RunAsync("migrate", "a:1", "b:2", "--work-dir", Work, "--hooks", Path.Combine(_folder, "none"))
        );
        Assert.Contains("does not exist", line.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Work));
    }

    [Fact]
    public async Task The_sample_migrates_with_the_library()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await source.CommandAsync("SET", "k", "v");
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Keyferry.Sample"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in (string[])[source.Uri, target.Uri, Work])
        {
            start.ArgumentList.Add(argument);
        }

        using var sample = Process.Start(start) ?? throw new InvalidOperationException("The sample could not be started.");
        var stop = TestContext.Current.CancellationToken;
        var said = await sample.StandardOutput.ReadToEndAsync(stop) + await sample.StandardError.ReadToEndAsync(stop);
        await sample.WaitForExitAsync(stop);

        Assert.True(sample.ExitCode == 0, said);
        Assert.Contains("Equal: 1 keys written, 1 compared", said, StringComparison.Ordinal);
        Assert.Equal("v", (string?)await target.CommandAsync("GET", "k"));
    }

    private static void Write(string path, string script)
    {
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
