using System.Diagnostics;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Cutover;

/// <summary>A cutover as an operator makes it: the program in one terminal, its commands in another, shell scripts as hooks.</summary>
public sealed class CutoverProgramTests : TwoServers
{
    private const int Ok = 0;
    private const int Refused = 4;
    private const int Failed = 7;
    private const int OwnershipUnknown = 8;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private string Told => Path.Combine(Folder, "told");

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        await Source.CommandAsync("SET", "key", "1");
    }

    [Fact]
    public async Task Script_switches_the_clients_and_the_run_ends_as_equal()
    {
        await using var run = await FollowAsync("env | grep ^KEYFERRY_ | sort > " + Told);

        var said = await AskAsync(Ok, "cutover");

        Assert.Contains("cutover: fence", said, StringComparison.Ordinal);
        Assert.Contains("switched", said, StringComparison.Ordinal);
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        Assert.Contains("EQUAL", run.Output, StringComparison.Ordinal);
        Assert.Contains("; writes waited for ", run.Output, StringComparison.Ordinal);
        var told = await File.ReadAllTextAsync(Told, TestContext.Current.CancellationToken);
        Assert.Contains($"KEYFERRY_NEW={Target.Uri}\n", told, StringComparison.Ordinal);
        Assert.Contains("KEYFERRY_STEP=switch\n", told, StringComparison.Ordinal);
        Assert.Contains("would write over", await AskAsync(2, "migrate", Source.Uri, Target.Uri, "--resume"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hold_while_a_program_stops_the_writers_takes_the_cutover_back_and_says_so()
    {
        var fence = await ScriptAsync("fence.sh", $"if [ $KEYFERRY_STEP = fence ]; then echo $$ > {Told}; exec sleep 60; fi");
        await using var run = await FollowAsync("exit 0", "--fence", "hook", "--fence-hook", fence);
        await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder);
        await ToldAsync();

        Assert.Contains("taken back", await AskAsync(Ok, "hold"), StringComparison.Ordinal);

        Assert.True(await cutover.EndAsync(Budget) == Refused, cutover.Output);
        Assert.Contains("undone: the operator took it back (step fence)", cutover.Output, StringComparison.Ordinal);
        _ = await AskAsync(Ok, "finish");
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
    }

    [Fact]
    public async Task Script_that_fails_leaves_the_answer_to_a_person()
    {
        await using var run = await FollowAsync("echo the load balancer did not answer >&2; exit 3");
        await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder);
        await run.WaitForAsync("phase ownership unknown", Budget);

        Assert.Contains("the load balancer did not answer", run.Output, StringComparison.Ordinal);
        Assert.Contains("keyferry resolve --switched", await AskAsync(Ok, "status"), StringComparison.Ordinal);
        _ = await AskAsync(Refused, "answer", "yes");
        foreach (var verb in new[] { "hold", "cutover", "rollback", "finish" })
        {
            Assert.Contains("keyferry resolve --switched", await AskAsync(OwnershipUnknown, verb), StringComparison.Ordinal);
        }

        Assert.False(cutover.HasEnded, cutover.Output);
        Assert.Contains("keyferry resolve --switched", cutover.Output, StringComparison.Ordinal);
        _ = await AskAsync(Ok, "resolve", "--not-switched");

        Assert.True(await cutover.EndAsync(Budget) == Refused, cutover.Output);
        await Source.CommandAsync("SET", "key", "2");
        _ = await AskAsync(Ok, "finish");
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
    }

    [Fact]
    public async Task Run_that_is_killed_during_the_switch_is_resolved_by_a_person_and_its_fence_lifted()
    {
        await KillInSwitchAsync();
        string[] resume = ["migrate", Source.Uri, Target.Uri, "--resume"];
        Assert.Contains("nobody knows which side they write to", await AskAsync(OwnershipUnknown, resume), StringComparison.Ordinal);
        Assert.Contains("the clients are on", await AskAsync(Ok, "resolve", "--not-switched"), StringComparison.Ordinal);
        Assert.Contains("lifted", await AskAsync(Ok, "restore"), StringComparison.Ordinal);
        await Source.CommandAsync("SET", "key", "3");
        Assert.Contains("EQUAL", await AskAsync(Ok, [.. resume, "--until-idle", "1s"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Way_back_of_a_run_that_was_killed_during_the_switch_is_gone_on_with_once_a_person_has_said_that_it_happened()
    {
        await KillInSwitchAsync("--reverse-window", "1h");
        await Target.CommandAsync("SET", "by a client", "1");

        var said = await AskAsync(Ok, "resolve", "--switched");

        Assert.Contains($"keyferry migrate {Target.Uri} {Source.Uri} --resume --cutover manual", said, StringComparison.Ordinal);
        string[] back = ["--resume", "--cutover", "manual", "--fence-budget", "5s", "--switch-hook", "/bin/true", "--watch-old", "1s"];
        await using var run = KeyferryProgram.Start(["migrate", Target.Uri, Source.Uri, .. back, "--work-dir", Folder]);
        await run.WaitForAsync("phase following", Budget);
        await Target.CommandAsync("DEL", "key");
        _ = await AskAsync(Ok, "rollback");
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        Assert.Equal("1", (string?)await Source.CommandAsync("GET", "by a client"));
        Assert.Equal(await Target.DebugDigestAsync(), await Source.DebugDigestAsync());
        Assert.Contains("nothing to put back", await AskAsync(Ok, "restore"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_reverse_window_a_person_is_told_that_there_is_no_way_back()
    {
        await KillInSwitchAsync();

        Assert.Contains("there is no way back", await AskAsync(Ok, "resolve", "--switched"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cutover_of_a_run_that_is_killed_before_the_switch_says_that_nothing_was_switched()
    {
        var fence = await ScriptAsync("fence.sh", $"[ $KEYFERRY_STEP = fence ] && echo $$ > {Told} && exec sleep 60");
        await using var run = await FollowAsync("exit 0", "--fence", "hook", "--fence-hook", fence);
        await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder);
        await ToldAsync();
        await run.KillAsync();

        Assert.True(await cutover.EndAsync(Budget) == Failed, cutover.Output);

        Assert.Contains("in the step fence: nothing was switched", cutover.Output, StringComparison.Ordinal);
        Assert.Contains("keyferry restore", cutover.Output, StringComparison.Ordinal);
        using var hook = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(Told, TestContext.Current.CancellationToken)));
        hook.Kill();
    }

    [Fact]
    public async Task Fence_program_of_a_run_that_was_killed_is_told_by_restore_what_it_was_told_by_the_run()
    {
        var fence = await ScriptAsync("fence.sh", $"env | grep ^KEYFERRY_ | sort > {Folder}/$KEYFERRY_STEP");
        await KillInSwitchAsync("--fence", "hook", "--fence-hook", fence);

        Assert.Contains("lifted", await AskAsync(Ok, "restore"), StringComparison.Ordinal);

        var stopped = await File.ReadAllTextAsync(Path.Combine(Folder, "fence"), TestContext.Current.CancellationToken);
        var started = await File.ReadAllTextAsync(Path.Combine(Folder, "unfence"), TestContext.Current.CancellationToken);
        Assert.Contains($"KEYFERRY_NEW={Target.Uri}\n", started, StringComparison.Ordinal);
        Assert.Contains($"KEYFERRY_OLD={Source.Uri}\n", started, StringComparison.Ordinal);
        Assert.Equal(stopped, started.Replace("=unfence\n", "=fence\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Switch_that_has_begun_is_not_taken_back_and_nobody_says_that_it_was()
    {
        var go = Path.Combine(Folder, "go");
        await using var run = await FollowAsync($"echo $$ > {Told}; while [ ! -e {go} ]; do sleep 0.05; done");
        await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder);
        await ToldAsync();

        var refused = await AskAsync(Refused, "hold");

        Assert.Contains("cannot be taken back any more", refused, StringComparison.Ordinal);
        Assert.False(cutover.HasEnded, cutover.Output);
        await File.WriteAllTextAsync(go, "", TestContext.Current.CancellationToken);
        Assert.True(await cutover.EndAsync(Budget) == Ok, cutover.Output);
        Assert.Contains("switched", cutover.Output, StringComparison.Ordinal);
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cutover_that_nobody_waits_for_any_more_is_withdrawn(bool killed)
    {
        await using var run = await FollowAsync($"echo $$ > {Told}");
        _ = await AskAsync(Ok, "pause");
        await Source.CommandAsync("SET", "key", "5");
        await using (var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder))
        {
            await cutover.WaitForAsync("waiting: ", Budget);
            if (killed)
            {
                await cutover.KillAsync();
            }
            else
            {
                await cutover.TerminateAsync();
                Assert.True(await cutover.EndAsync(Budget) == Refused, cutover.Output);
                Assert.Contains("withdrawn: nothing is switched", cutover.Output, StringComparison.Ordinal);
            }
        }

        _ = await AskAsync(Ok, "resume");
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);

        Assert.False(File.Exists(Told), run.Output);
        _ = await AskAsync(Ok, "cutover");
        Assert.True(await run.EndAsync(Budget) == Ok, run.Output);
        Assert.True(File.Exists(Told));
    }

    [Fact]
    public async Task New_run_after_one_that_was_killed_during_the_switch_touches_nothing_before_a_person_has_said()
    {
        _ = await Source.CommandAsync("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all");
        await KillInSwitchAsync("--fence", "acl");
        await Target.CommandAsync("SET", "written by a client", "1");
        string[] again = ["migrate", Source.Uri, Target.Uri, "--target-keys", "replace", "--until-idle", "1s"];

        var refused = await AskAsync(OwnershipUnknown, again);

        Assert.Contains("nobody knows which side they write to", refused, StringComparison.Ordinal);
        Assert.Contains("keyferry resolve --switched", refused, StringComparison.Ordinal);
        Assert.Contains("permissions", await MayAppWriteAsync(), StringComparison.Ordinal);
        Assert.Equal("1", (string?)await Target.CommandAsync("GET", "written by a client"));
        Assert.Contains("the clients are on", await AskAsync(Ok, "resolve", "--not-switched"), StringComparison.Ordinal);
        Assert.Contains("EQUAL", await AskAsync(Ok, again), StringComparison.Ordinal);
        Assert.Equal("OK", await MayAppWriteAsync());
    }

    [Fact]
    public async Task Dry_run_prints_the_steps_with_what_takes_them_back()
    {
        var plan = await AskAsync(Ok, "migrate", Source.Uri, Target.Uri, "--cutover", "manual", "--reverse-window", "1h", "--dry-run");

        string[] steps =
        [
            "check",
            "fence",
            "try fence",
            "drain",
            "prove",
            "open way back",
            "stop moving",
            "switch",
            "confirm",
            "leave source",
            "restore",
            "way back",
            "watch old side",
        ];
        var at = steps.Select(step => plan.IndexOf($". {step} ", StringComparison.Ordinal)).ToList();
        Assert.DoesNotContain(-1, at);
        Assert.Equal(at.Order(), at);
        Assert.Equal(plan, await AskAsync(Ok, "plan", Source.Uri, Target.Uri, "--cutover", "manual", "--reverse-window", "1h"));
        Assert.Contains("undo: Let writes on the source pass again (CLIENT UNPAUSE).", plan, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--fence acl", "Add --cutover manual")]
    [InlineData("--cutover manual --fence hook", "belong together")]
    [InlineData("--cutover manual --switch-hook /nowhere/at/all", "which is not there")]
    [InlineData("--cutover manual --switch-hook /etc/passwd", "which cannot be run")]
    [InlineData("--cutover manual --reverse-window 1h --target-keys merge", "cannot be told apart")]
    [InlineData("--cutover manual --capture polling", "needs a capture that hears of changes")]
    public async Task Options_that_do_not_go_together_are_refused(string options, string says) =>
        Assert.Contains(says, await AskAsync(2, ["migrate", Source.Uri, Target.Uri, .. options.Split(' ')]), StringComparison.Ordinal);

    private async Task<string> MayAppWriteAsync() => $"{await Source.CommandAsync("ACL", "DRYRUN", "app", "SET", "key", "2")}";

    /// <summary>Waits until the operator's program has begun.</summary>
    private async Task ToldAsync()
    {
        while (!File.Exists(Told) || new FileInfo(Told).Length == 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Kills the run while the operator's program switches, and then the program.</summary>
    private async Task KillInSwitchAsync(params string[] more)
    {
        await using (var run = await FollowAsync($"echo $$ > {Told}; exec sleep 60", more))
        {
            await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", Folder);
            await run.WaitForAsync("cutover: switch", Budget);
            await ToldAsync();
            await run.KillAsync();
            Assert.True(await cutover.EndAsync(Budget) == OwnershipUnknown, cutover.Output);
            Assert.Contains("keyferry resolve --switched", cutover.Output, StringComparison.Ordinal);
        }

        using (var hook = Process.GetProcessById(int.Parse(await File.ReadAllTextAsync(Told, TestContext.Current.CancellationToken))))
        {
            hook.Kill();
        }
    }

    private async Task<KeyferryProgram> FollowAsync(string script, params string[] more)
    {
        var hook = await ScriptAsync("switch.sh", script);
        string[] cutover =
        [
            "--cutover",
            "manual",
            "--fence-budget",
            "5s",
            "--switch-hook",
            hook,
            "--work-dir",
            Folder,
            "--watch-old",
            "1s",
        ];
        var run = KeyferryProgram.Start(["migrate", Source.Uri, Target.Uri, .. cutover, .. more]);
        await run.WaitForAsync("phase following", Budget);
        return run;
    }

    private async Task<string> ScriptAsync(string name, string script)
    {
        var path = Path.Combine(Folder, name);
        await File.WriteAllTextAsync(path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }

    /// <summary>What the command says, whichever output it says it on.</summary>
    private async Task<string> AskAsync(int code, params string[] command)
    {
        await using var asking = KeyferryProgram.Start([.. command, "--work-dir", Folder]);
        Assert.True(await asking.EndAsync(Budget) == code, asking.Output);
        return asking.Output;
    }
}
