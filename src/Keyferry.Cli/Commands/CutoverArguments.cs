using System.CommandLine;
using Keyferry.Capture;
using Keyferry.Cli.Input;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary>The options of <c>keyferry migrate</c> that say how the clients are handed over.</summary>
internal sealed class CutoverArguments
{
    private readonly Option<CutoverWhen?> _when = TypedOption.Choice(
        "--cutover",
        "Hand the clients over to the target. manual: when keyferry cutover asks for it. when-ready: as soon as every key is proved equal. Default: the run moves "
            + "data only.",
        ("manual", CutoverWhen.Manual),
        ("when-ready", CutoverWhen.WhenReady)
    );

    private readonly Option<FenceKind?> _fence = TypedOption.Choice(
        "--fence",
        "What keeps clients from writing to the source meanwhile. pause: the server holds writes back (CLIENT PAUSE WRITE). acl: the other ACL users lose the right "
            + "to write. hook: the program of --fence-hook stops the writers. manual: a person does. Default: pause.",
        ("pause", FenceKind.Pause),
        ("acl", FenceKind.Acl),
        ("hook", FenceKind.Hook),
        ("manual", FenceKind.Manual)
    );

    private readonly Option<TimeSpan?> _budget = TypedOption.Duration(
        "--fence-budget",
        "How long the source may be fenced before the switch begins; then everything is undone, and the run follows on. Default: 1s.",
        TimeSpan.FromMilliseconds(50),
        TimeSpan.FromHours(1)
    );

    private readonly Option<string?> _fenceHook = Program(
        "--fence-hook",
        "With --fence hook: is run with KEYFERRY_STEP=fence to stop the writers, and with KEYFERRY_STEP=unfence to start them again."
    );

    private readonly Option<string?> _switchHook = Program(
        "--switch-hook",
        "Switches the clients: is run with KEYFERRY_STEP=switch and the new address in KEYFERRY_NEW. Exit code 0: switched; 75: nothing was switched; anything else: "
            + "a person must say. Default: a person is asked."
    );

    private readonly Option<TimeSpan?> _reverseWindow = TypedOption.Duration(
        "--reverse-window",
        "For so long after the switch move what changes on the target back to the source, so that keyferry rollback loses nothing. Default: no way back.",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(30)
    );

    private readonly Option<TimeSpan?> _watchOld = TypedOption.Duration(
        "--watch-old",
        "For how long after a switch without --reverse-window the source is watched for clients that still write there, before the run ends. Default: 10s.",
        TimeSpan.Zero,
        TimeSpan.FromDays(30)
    );

    private readonly Option<TimeSpan?> _hookTimeout = TypedOption.Duration(
        "--hook-timeout",
        "How long such a program may take. Default: 60s.",
        TimeSpan.FromMilliseconds(100),
        TimeSpan.FromHours(1)
    );

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_when, _fence, _budget, _fenceHook, _switchHook, _hookTimeout, _reverseWindow, _watchOld];

    /// <summary>What was asked for; <see langword="null"/> where the clients are not the run's affair.</summary>
    /// <exception cref="KeyferryException">The options do not go together, or a program cannot be run.</exception>
    public CutoverOptions? Read(ParseResult parsed, TargetKeys? targetKeys, CaptureKind? capture)
    {
        if (parsed.GetValue(_when) is not { } when)
        {
            var lost = All.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
            return lost is null
                ? null
                : throw Usage(
                    $"{lost.Name} speaks of a cutover, and the run is to make none.",
                    "Add --cutover manual or --cutover when-ready."
                );
        }

        var defaults = new CutoverOptions();
        var options = defaults with
        {
            When = when,
            Fence = parsed.GetValue(_fence) ?? defaults.Fence,
            FenceBudget = parsed.GetValue(_budget) ?? defaults.FenceBudget,
            FenceHook = PathOf(parsed, _fenceHook),
            SwitchHook = PathOf(parsed, _switchHook),
            HookTimeout = parsed.GetValue(_hookTimeout) ?? defaults.HookTimeout,
            ReverseWindow = parsed.GetValue(_reverseWindow),
            WatchOld = parsed.GetValue(_watchOld) ?? defaults.WatchOld,
        };
        if (options.Fence == FenceKind.Hook != options.FenceHook is not null)
        {
            throw Usage("--fence hook and --fence-hook PROGRAM belong together, and only one of them was given.", "Give both, or neither.");
        }

        if (options.ReverseWindow is not null && targetKeys == TargetKeys.Merge)
        {
            throw Usage(
                "--reverse-window does not go with --target-keys merge: on the way back, keys that the target had before cannot be told apart from the run's.",
                "Leave one of them out."
            );
        }

        return capture == CaptureKind.Polling ? throw Usage(HearingCheck.Saw, HearingCheck.Remedy) : options;
    }

    private static Option<string?> Program(string name, string description) =>
        new(name) { HelpName = "PROGRAM", Description = description };

    private static string? PathOf(ParseResult parsed, Option<string?> option)
    {
        if (parsed.GetValue(option) is not { } given)
        {
            return null;
        }

        var path = Path.GetFullPath(given);
        const UnixFileMode executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;
        if (Directory.Exists(path))
        {
            throw Usage($"{option.Name} names {path}, which is a folder.", "Name the program in it.");
        }

        if (!File.Exists(path))
        {
            throw Usage($"{option.Name} names {path}, which is not there.", "Name a program by its path.");
        }

        return OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & executable) != UnixFileMode.None
            ? path
            : throw Usage($"{option.Name} names {path}, which cannot be run.", $"Make it executable: chmod +x {path}");
    }

    private static KeyferryException Usage(string saw, string remedy) => new(FailureKind.Usage, saw, remedy);
}
