using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Cutover;

/// <summary>The program killed (SIGKILL) in its reverse window, and gone on with by the documented command: the way back is a way back still.</summary>
[Trait("Needs", "Program")]
public sealed class ResumedWayBackTests : TwoServers
{
    private const int Ok = 0;
    private const int Usage = 2;
    private const int Refused = 4;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private RedisServer Old => Source;

    private RedisServer New => Target;

    private string Told => Path.Combine(Folder, "told");

    private string Hook => Path.Combine(Folder, "switch.sh");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await File.WriteAllTextAsync(Hook, $"#!/bin/sh\nenv | grep ^KEYFERRY_ | sort > {Told}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await Old.CommandAsync("SET", "before", "1");
        await Old.CommandAsync("SET", "gone", "1");
        await KillInWindowAsync();
        await New.CommandAsync("SET", "meanwhile", "1");
        await New.CommandAsync("DEL", "gone");
        await Old.CommandAsync("SET", "stray", "1");
    }

    [Fact]
    public async Task Rollback_brings_the_clients_back()
    {
        await using var run = await GoOnAsync();
        await New.CommandAsync("SET", "later", "1");
        var status = await AskAsync(Ok, "status");
        Assert.Contains("keyferry rollback brings them back", status, StringComparison.Ordinal);
        Assert.Contains("\"direction\":\"back\"", await AskAsync(Ok, "status", "--json"), StringComparison.Ordinal);
        Assert.Contains("keyferry rollback", await AskAsync(Refused, "cutover"), StringComparison.Ordinal);

        _ = await AskAsync(Ok, "rollback");

        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        var told = await File.ReadAllTextAsync(Told, Stop);
        Assert.Contains("KEYFERRY_DIRECTION=back\n", told, StringComparison.Ordinal);
        Assert.Contains($"KEYFERRY_NEW={Old.Uri}\n", told, StringComparison.Ordinal);
        Assert.Contains($"KEYFERRY_OLD={New.Uri}\n", told, StringComparison.Ordinal);
        Assert.Equal(await New.DebugDigestAsync(), await Old.DebugDigestAsync());
        Assert.Equal("1", (string?)await Old.CommandAsync("GET", "later"));
        Assert.Contains("nothing to put back", await AskAsync(Ok, "restore"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finish_closes_it()
    {
        await using var run = await GoOnAsync();

        Assert.Contains("the way back is closed", await AskAsync(Ok, "finish"), StringComparison.Ordinal);

        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        Assert.Contains("EQUAL", run.Output, StringComparison.Ordinal);
        Assert.Contains("keys written anew: 1; ", run.Output, StringComparison.Ordinal);
        Assert.Contains($"keys removed that {New.Endpoint} does not have: 2. ", run.Output, StringComparison.Ordinal);
        Assert.Contains($"1 key written anew on ", run.Output, StringComparison.Ordinal);
        Assert.Equal(await New.DebugDigestAsync(), await Old.DebugDigestAsync());
        Assert.Contains(
            $"has come to its end with the clients on {New.Endpoint}",
            await AskAsync(Usage, "migrate", New.Uri, Old.Uri, "--resume"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Window_that_is_named_again_closes_it_by_itself()
    {
        await using var run = await GoOnAsync("--reverse-window", "3s");

        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        Assert.Contains("EQUAL", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_of_the_way_there_is_refused_and_names_the_one_that_goes_on()
    {
        var refused = await AskAsync(Usage, "migrate", Old.Uri, New.Uri, "--resume");

        Assert.Contains("the clients were switched", refused, StringComparison.Ordinal);
        Assert.Contains($"keyferry migrate {New.Uri} {Old.Uri} --resume --cutover manual", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_are_never_brought_back_unasked() =>
        Assert.Contains(
            "--cutover manual",
            await AskAsync(Usage, "migrate", New.Uri, Old.Uri, "--resume", "--cutover", "when-ready"),
            StringComparison.Ordinal
        );

    [Fact]
    public async Task Without_a_cutover_it_says_why_there_is_no_rollback()
    {
        await using var run = KeyferryProgram.Start("migrate", New.Uri, Old.Uri, "--resume", "--work-dir", Folder);
        await run.WaitForAsync("phase following", Budget);

        Assert.Contains("--cutover manual", run.Output, StringComparison.Ordinal);
        Assert.Contains("--cutover manual", await AskAsync(Refused, "rollback"), StringComparison.Ordinal);
        _ = await AskAsync(Ok, "finish");
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
    }

    private async Task KillInWindowAsync()
    {
        string[] cutover = ["--cutover", "manual", "--fence-budget", "5s", "--switch-hook", Hook, "--reverse-window", "1h"];
        await using var run = KeyferryProgram.Start(["migrate", Old.Uri, New.Uri, .. cutover, "--work-dir", Folder]);
        await run.WaitForAsync("phase following", Budget);
        _ = await AskAsync(Ok, "cutover");
        await run.WaitForAsync("phase reversible", Budget);
        await run.KillAsync();
        File.Delete(Told);
    }

    private async Task<KeyferryProgram> GoOnAsync(params string[] more)
    {
        string[] cutover = ["--resume", "--cutover", "manual", "--fence-budget", "5s", "--switch-hook", Hook, "--watch-old", "1s"];
        var run = KeyferryProgram.Start(["migrate", New.Uri, Old.Uri, .. cutover, .. more, "--work-dir", Folder]);
        await run.WaitForAsync("phase following", Budget);
        return run;
    }

    /// <summary>What the command says, whichever output it says it on.</summary>
    private async Task<string> AskAsync(int code, params string[] command)
    {
        await using var asking = KeyferryProgram.Start([.. command, "--work-dir", Folder]);
        Assert.True(await asking.EndAsync(Budget) == code, asking.Output);
        return asking.Output;
    }
}
