using System.Text.Json;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Programs;

/// <summary>What a build of the program must bring with it, whatever it was built for: the command line, JSON, SQLite, the terminal.</summary>
[Trait("Needs", "Program")]
public sealed class ProgramTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, "Moves a live Redis-compatible database", "--help")]
    [InlineData(0, "--dirty-budget <SIZE>", "migrate", "--help")]
    [InlineData(2, "--no-such-option", "migrate", "a:1", "b:2", "--no-such-option")]
    [InlineData(3, "what to do:", "verify", "127.0.0.1:1", "127.0.0.1:2")]
    public async Task Command_line_is_understood(int code, string said, params string[] arguments)
    {
        await using var program = KeyferryProgram.Start(arguments);
        Assert.True(await program.EndAsync(Budget) == code, program.Output);
        Assert.Contains(said, program.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_reports_in_json_and_keeps_its_state()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await source.CommandAsync("SET", "k", "v");
        await using var program = KeyferryProgram.Start("migrate", source.Uri, target.Uri, "--until-idle", "100ms", "--json");

        Assert.True(await program.EndAsync(Budget) == 0, program.Output);
        using var report = JsonDocument.Parse(program.Output.Trim().Split('\n')[^1]);
        Assert.Equal("report", report.RootElement.GetProperty("type").GetString());
        Assert.Equal("equal", report.RootElement.GetProperty("verdict").GetString());
        Assert.Equal(1, report.RootElement.GetProperty("counters").GetProperty("written").GetInt64());
        Assert.Equal("v", (string?)await target.CommandAsync("GET", "k"));

        // The record in SQLite is what tells that there is nothing to put back.
        await using var restore = KeyferryProgram.Start("restore", "--work-dir", Path.Combine(program.Folder, ".keyferry"));
        Assert.True(await restore.EndAsync(Budget) == 0, restore.Output);
    }

    [Fact]
    public async Task Display_is_redrawn_on_a_terminal()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);

        var screen = await OnTerminalAsync($"{KeyferryProgram.File} verify {source.Uri} {target.Uri}");

        // Erased to be drawn again, and bold: the display for terminals.
        Assert.Contains("\u001b[J", screen, StringComparison.Ordinal);
        Assert.Contains("\u001b[1m", screen, StringComparison.Ordinal);
        Assert.Contains("EQUAL", screen, StringComparison.Ordinal);
    }

    /// <summary>Runs a command on a pseudo-terminal (<c>script</c>, which every Linux has) and returns all that was drawn.</summary>
    private static async Task<string> OnTerminalAsync(string command)
    {
        var start = new System.Diagnostics.ProcessStartInfo("script", ["-qec", command, "/dev/null"])
        {
            RedirectStandardOutput = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
            Environment = { ["TERM"] = "xterm-256color" },
        };
        using var script = System.Diagnostics.Process.Start(start) ?? throw new InvalidOperationException("script could not be started.");
        var screen = await script.StandardOutput.ReadToEndAsync(Stop);
        await script.WaitForExitAsync(Stop);
        Assert.True(script.ExitCode == 0, screen);
        return screen;
    }
}
