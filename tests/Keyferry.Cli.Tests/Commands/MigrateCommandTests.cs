using System.Runtime.InteropServices;
using Keyferry.Capture;
using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests.Commands;

public sealed class MigrateCommandTests
{
    private readonly Bench _bench = new();

    [Fact]
    public async Task Without_options_the_engine_s_defaults_hold()
    {
        await MigrateAsync();
        var expected = new MigrationOptions { Source = Options.Source, Target = Options.Target };
        Assert.Equal(expected, Options);
        Assert.Equal(("a:1", "b:2"), (Options.Source.ToString(), Options.Target.ToString()));
    }

    [Fact]
    public async Task Every_option_reaches_the_engine()
    {
        await MigrateAsync(
            [
                "--mode",
                "live-only",
                "--target-keys",
                "merge",
                "--until-idle",
                "2s",
                "--no-verify",
                "--work-dir",
                "/tmp/there",
                "--lanes",
                "4",
            ],
            ["--dirty-budget", "128MB", "--connect-timeout", "3s", "--command-timeout", "500ms", "--outage-budget", "1h"],
            ["--resume", "--capture", "notifications", "--redundant-capture", "--capture-max-age", "30m", "--poll-interval", "7s"]
        );
        var expected = new MigrationOptions
        {
            Source = Options.Source,
            Target = Options.Target,
            Mode = MigrationMode.LiveOnly,
            TargetKeys = TargetKeys.Merge,
            UntilIdle = TimeSpan.FromSeconds(2),
            Verify = false,
            WorkDirectory = "/tmp/there",
            Lanes = 4,
            DirtyBudget = 128_000_000,
            ConnectTimeout = TimeSpan.FromSeconds(3),
            CommandTimeout = TimeSpan.FromMilliseconds(500),
            OutageBudget = TimeSpan.FromHours(1),
            Resume = true,
            Capture = CaptureKind.Notifications,
            RedundantCapture = true,
            CaptureMaximumAge = TimeSpan.FromMinutes(30),
            PollInterval = TimeSpan.FromSeconds(7),
        };
        Assert.Equal(expected, Options);
    }

    [Fact]
    public async Task What_is_moved_and_how_reaches_the_engine()
    {
        await MigrateAsync(
            ["--databases", "0:3,5", "--include", "user:*", "--include", "order:*", "--exclude", "*:cart"],
            ["--unsupported-keys", "leave-out", "--large-value", "8MiB", "--piece", "64KiB", "--slice", "20ms"]
        );
        Assert.Equal(new Dictionary<int, int> { [0] = 3, [5] = 5 }, Options.Databases);
        Assert.Equal("+user:* +order:* -*:cart", Options.Names.Text);
        Assert.Equal(UnsupportedKeys.LeaveOut, Options.UnsupportedKeys);
        Assert.Equal((8 << 20, 64 << 10, TimeSpan.FromMilliseconds(20)), (Options.LargeValue, Options.Piece, Options.Slice));
    }

    [Fact]
    public async Task Databases_that_go_into_one_have_names_that_begin_differently()
    {
        await MigrateAsync(["--databases", "0:0,1:0:db1:,2:0:x"], []);
        Assert.Equal(
            new Dictionary<int, int>
            {
                [0] = 0,
                [1] = 0,
                [2] = 0,
            },
            Options.Databases
        );
        Assert.Equal(new Dictionary<int, string> { [1] = "db1:", [2] = "x" }, Options.DatabasePrefixes);

        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("migrate", "a:1", "b:2", "--databases", "0:3,3"));
        Assert.Contains("0 and 3 go into one, 3", _bench.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Which_keys_and_what_becomes_of_them_reaches_the_engine()
    {
        await MigrateAsync(
            ["--types", "string, hash", "--larger-than", "1kB", "--smaller-than", "2MiB", "--expiring", "never", "--slots", "0-99"],
            ["--rename-regex", @"(a\=)(.*)=$2$1", "--rename-prefix", @"x\=y=z", "--expiry", "cap:7d"]
        );
        Assert.Equal("types=hash,string larger-than=1000 smaller-than=2097152 expiring=never", Options.Kinds.Text);
        Assert.Equal(@"slots=0-99 rename=x=y=z rename=(a\=)(.*)=$2$1", Options.Names.Text);
        Assert.Equal(TimeSpan.FromDays(7), Options.Expiry.Cap);
    }

    [Theory]
    [InlineData("--mode", "fast", "one of snapshot, live, live-only")]
    [InlineData("--target-keys", "keep", "one of merge, replace")]
    [InlineData("--until-idle", "2", "a duration such as")]
    [InlineData("--until-idle", "1ms", "from 100ms to 24h")]
    [InlineData("--capture", "magic", "one of auto, notifications, tracking, polling")]
    [InlineData("--lanes", "0", "a whole number from 1 to 64")]
    [InlineData("--lanes", "many", "a whole number from 1 to 64")]
    [InlineData("--dirty-budget", "1B", "a size such as")]
    [InlineData("--connect-timeout", "0s", "from 100ms to 10m")]
    [InlineData("--command-timeout", "1d", "a duration such as")]
    [InlineData("--outage-budget", "-1s", "a duration such as")]
    [InlineData("--interval", "10ms", "from 1s to 1h")]
    public async Task A_wrong_value_is_refused_with_the_option_and_what_is_allowed(string option, string value, string allowed)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("migrate", "a:1", "b:2", option, value));
        Assert.Contains($"keyferry: {option} is \"{value}\"; it must be ", _bench.Error, StringComparison.Ordinal);
        Assert.Contains(allowed, _bench.Error, StringComparison.Ordinal);
        Assert.Contains("what to do: keyferry migrate --help", _bench.Error, StringComparison.Ordinal);
        Assert.Null(_bench.Migration.Options);
        Assert.Empty(_bench.Out);
    }

    [Theory]
    [InlineData("--until-idle", "2s")]
    [InlineData("--capture", "tracking")]
    [InlineData("--redundant-capture")]
    [InlineData("--capture-max-age", "1h")]
    public async Task An_option_of_following_is_refused_with_a_snapshot(params string[] option)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(["migrate", "a:1", "b:2", "--mode", "snapshot", .. option]));
        Assert.Contains($"{option[0]} has no meaning with --mode snapshot", _bench.Error, StringComparison.Ordinal);
        Assert.Null(_bench.Migration.Options);
    }

    [Theory]
    [InlineData("--redundant-capture")]
    [InlineData("--capture-max-age", "1h")]
    public async Task An_option_of_listening_is_refused_with_polling(params string[] option)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(["migrate", "a:1", "b:2", "--capture", "polling", .. option]));
        Assert.Contains($"{option[0]} has no meaning with --capture polling", _bench.Error, StringComparison.Ordinal);
        Assert.Null(_bench.Migration.Options);
    }

    [Theory]
    [InlineData("--lanes")]
    [InlineData("--work-dir")]
    [InlineData("--source-password-file")]
    public async Task An_option_without_its_value_is_named(string option)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("migrate", "a:1", "b:2", option));
        Assert.Contains(option, _bench.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData()]
    [InlineData("a:1")]
    [InlineData("http://a", "b")]
    [InlineData("a:70000", "b")]
    [InlineData("a", "b", "--source-password-file", "/nowhere/at/all")]
    public async Task What_names_no_server_is_a_usage_failure_in_two_lines(params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(["migrate", .. args]));
        var lines = _bench.Error.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("keyferry: ", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("what to do: ", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistyped_option_is_named_and_the_right_one_suggested_without_the_value()
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("migrate", "a:1", "b:2", "--source-pasword-file", "hunter2"));
        Assert.Contains("did you mean --source-password-file?", _bench.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _bench.Everything, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("migrate", "--helb")]
    [InlineData("migrate", "a:1", "--helb")]
    [InlineData("migrate", "--helb", "--json")]
    [InlineData("migrate", "--helb", "a:1", "b:2")]
    public async Task A_mistyped_option_is_never_taken_for_a_server(params string[] args)
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync(args));
        Assert.Contains(
            "keyferry: --helb is not an option of keyferry migrate; did you mean --help?",
            _bench.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task While_both_servers_are_examined_there_is_nothing_to_count()
    {
        _bench.Migration.Progress = new ProgressSnapshot { Phase = Phase.Planned, Elapsed = TimeSpan.Zero };
        var go = new TaskCompletionSource();
        _bench.Migration.Script = (_, _, _) => go.Task;
        var run = _bench.RunAsync("migrate", "a:1", "b:2");
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        await SeenAsync("2030-05-17T14:02:16Z planned" + Environment.NewLine);
        go.SetResult();
        await run;
    }

    [Theory]
    [InlineData(Verdict.Equal, 0, "EQUAL: ")]
    [InlineData(Verdict.Different, 1, "DIFFERENT: ")]
    [InlineData(Verdict.NotProved, 5, "NOT PROVED: ")]
    [InlineData(Verdict.Aborted, 6, "ABORTED: ")]
    public async Task The_verdict_decides_the_exit_code_and_begins_the_report(Verdict verdict, int code, string word)
    {
        _bench.Migration.Report = Examples.Report(verdict);
        Assert.Equal(code, await _bench.RunAsync("migrate", "a:1", "b:2"));
        Assert.StartsWith(word, _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Passwords_appear_nowhere_whatever_happens()
    {
        _bench.Variables["KEYFERRY_TARGET_PASSWORD"] = "swordfish";
        _bench.Migration.Script = static (_, _, _) =>
            throw new KeyferryException(
                FailureKind.Unreachable,
                "The server said: no hunter2.",
                "Not swordfish either.",
                new IOException("hunter2")
            );
        foreach (
            var more in (string[][])
                [
                    [],
                    ["--json"],
                    ["--verbose"],
                    ["--plain", "--verbose"],
                    ["extra-hunter2"],
                    ["--modus=hunter2"],
                ]
        )
        {
            await _bench.RunAsync(["migrate", "redis://me:hunter2@a:1", "b:2", .. more]);
        }

        Assert.Contains("***", _bench.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _bench.Everything, StringComparison.Ordinal);
        Assert.DoesNotContain("swordfish", _bench.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_appear_only_when_asked_for()
    {
        _bench.Migration.Report = Examples.Report(Verdict.Different);
        await _bench.RunAsync("migrate", "a:1", "b:2");
        await _bench.RunAsync("migrate", "a:1", "b:2", "--json");
        Assert.DoesNotContain("secret:", _bench.Everything, StringComparison.Ordinal);
        await _bench.RunAsync("migrate", "a:1", "b:2", "--show-keys");
        Assert.Contains("db3 secret:Missing\\x0a", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_signal_finishes_and_the_second_aborts()
    {
        _bench.Migration.Report = Examples.Report(Verdict.Aborted);
        _bench.Migration.Script = async (_, finish, abort) =>
        {
            await Cancelled(finish);
            await Cancelled(abort);
            // As a real one, it does not end before the signal is taken.
            await SeenAsync("note: ending at once");
        };
        var run = _bench.RunAsync("migrate", "a:1", "b:2");
        _bench.Signals.Take(PosixSignal.SIGINT);
        _bench.Signals.Take(PosixSignal.SIGINT);
        Assert.Equal(ExitCodes.Aborted, await run.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken));
        Assert.Contains("note: ending as asked", _bench.Out, StringComparison.Ordinal);
        Assert.Contains("note: ending at once", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Progress_comes_once_per_interval_and_events_at_once()
    {
        var go = new TaskCompletionSource();
        _bench.Migration.Script = async (run, _, _) =>
        {
            run.Raise(new RunEvent.GapOpened(Examples.At, 1, "the connection was lost", "everything"));
            await go.Task;
        };
        var run = _bench.RunAsync("migrate", "a:1", "b:2", "--interval", "2s");
        await SeenAsync("gap 1 opened: the connection was lost (everything)");
        Assert.DoesNotContain(" following ", _bench.Out, StringComparison.Ordinal);
        _bench.Time.Advance(TimeSpan.FromSeconds(2));
        await SeenAsync("2030-05-17T14:02:13Z following |");
        go.SetResult();
        Assert.Equal(ExitCodes.Ok, await run);
        Assert.DoesNotContain('\e', _bench.Out);
    }

    [Fact]
    public async Task A_dry_run_prints_the_plan_and_runs_nothing()
    {
        _bench.Migration.Script = static (_, _, _) => throw new InvalidOperationException("It ran.");
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync("migrate", "a:1", "b:2", "--dry-run"));
        Assert.StartsWith("DRY RUN: nothing was written", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plan_lists_the_hooks_that_a_run_would_tell()
    {
        var folder = Directory.CreateTempSubdirectory("keyferry-hooks-");
        var hook = Path.Combine(folder.FullName, "10-tell");
        await File.WriteAllTextAsync(hook, "#!/bin/sh\n", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync("plan", "a:1", "b:2", "--hooks", folder.FullName));
        Assert.Contains("no program in the folder of hooks may be run yet", _bench.Out, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        foreach (string[] command in new[] { (string[])["plan", "a:1", "b:2"], ["migrate", "a:1", "b:2", "--dry-run"] })
        {
            Assert.Equal(ExitCodes.Ok, await _bench.RunAsync([.. command, "--hooks", folder.FullName]));
            Assert.EndsWith("told of every phase and every gap: 10-tell", LineOf("hooks"), StringComparison.Ordinal);
        }

        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("plan", "a:1", "b:2", "--hooks", "/nowhere"));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task A_folder_in_the_place_of_a_program_is_called_a_folder()
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("migrate", "a:1", "b:2", "--cutover", "manual", "--switch-hook", "/tmp"));
        Assert.Contains("--switch-hook names /tmp, which is a folder", _bench.Error, StringComparison.Ordinal);
    }

    private string LineOf(string label) =>
        _bench.Out.Split('\n').Last(line => line.TrimStart().StartsWith(label, StringComparison.Ordinal));

    private MigrationOptions Options => _bench.Migration.Options ?? throw new InvalidOperationException("The engine was not called.");

    private async Task MigrateAsync(params string[][] args) =>
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync(["migrate", "a:1", "b:2", .. args.SelectMany(some => some)]));

    private async Task SeenAsync(string text)
    {
        for (var i = 0; i < 500 && !_bench.Out.Contains(text, StringComparison.Ordinal); i++)
        {
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Assert.Contains(text, _bench.Out, StringComparison.Ordinal);
    }

    private static Task Cancelled(CancellationToken token)
    {
        var done = new TaskCompletionSource();
        token.Register(done.SetResult);
        return done.Task;
    }
}
