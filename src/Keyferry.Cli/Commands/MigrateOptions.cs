using System.CommandLine;
using Keyferry.Capture;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Input;
using Keyferry.Cutover;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary>The options of <c>keyferry migrate</c>, and how they become the engine's.</summary>
internal sealed class MigrateOptions
{
    private const int MostPiece = 64 << 20;

    private static readonly TimeSpan Millisecond = TimeSpan.FromMilliseconds(1);

    private readonly EndpointArguments _source = EndpointArguments.Source();
    private readonly EndpointArguments _target = EndpointArguments.Target();

    private readonly SelectionOptions _selection = new();

    private readonly Option<MigrationMode?> _mode = TypedOption.Choice(
        "--mode",
        "snapshot: one pass over the source. live: everything, and every change. live-only: changes made from now on. Default: live.",
        ("snapshot", MigrationMode.Snapshot),
        ("live", MigrationMode.Live),
        ("live-only", MigrationMode.LiveOnly)
    );

    private readonly Option<TargetKeys?> _targetKeys = TypedOption.Choice(
        "--target-keys",
        "What becomes of keys that the target already has. merge: they stay, unless the source has a key of that name. replace: they are removed. "
            + "Default: a target with keys is refused.",
        ("merge", TargetKeys.Merge),
        ("replace", TargetKeys.Replace)
    );

    private readonly Option<UnsupportedKeys?> _unsupportedKeys = TypedOption.Choice(
        "--unsupported-keys",
        "What becomes of keys that the target cannot hold, such as hashes with field expiries on an older server. stop: the run does not start. leave-out: they "
            + "are not moved, and the report counts them. Default: stop.",
        ("stop", UnsupportedKeys.Stop),
        ("leave-out", UnsupportedKeys.LeaveOut)
    );

    private readonly Option<CaptureKind?> _capture = TypedOption.Choice(
        "--capture",
        "How changes are captured. notifications: keyspace notifications. tracking: client tracking, which configures nothing on the source. polling: passes over "
            + "both sides at an interval. auto: the best that the source allows; the run says why. Default: auto.",
        ("auto", CaptureKind.Auto),
        ("notifications", CaptureKind.Notifications),
        ("tracking", CaptureKind.Tracking),
        ("polling", CaptureKind.Polling)
    );

    private readonly Option<bool> _redundantCapture = new("--redundant-capture")
    {
        Description = "Listen on two connections, so that losing one misses nothing.",
    };

    private readonly Option<TimeSpan?> _captureMaximumAge = TypedOption.Duration(
        "--capture-max-age",
        "How old a connection that listens may grow before a new one takes its place, without missing anything: for servers that end connections when a login runs "
            + "out, or at a known time. Default: any age.",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromDays(30)
    );

    private readonly Option<TimeSpan?> _pollInterval = TypedOption.Duration(
        "--poll-interval",
        "With polling: from the end of one pass over both sides to the beginning of the next. Default: 30s.",
        100 * Millisecond,
        TimeSpan.FromHours(24)
    );

    private readonly Option<SourceReads?> _sourceReads = TypedOption.Choice(
        "--source-read-from",
        "Where names and values are read. primary: at the source's primaries. replica: at a replica of each, whenever it has all that its primary has, else at the primary; "
            + "changes are captured, and both sides compared, at the primaries. Default: primary.",
        ("primary", SourceReads.Primary),
        ("replica", SourceReads.Replica)
    );

    private readonly Option<bool> _functions = new("--functions")
    {
        Description =
            "Move the source's libraries of functions, too, to every primary of the target. What the target has of its own stays; another library of the same name is refused.",
    };

    private readonly Option<bool> _resume = new("--resume")
    {
        Description =
            "Go on with the latest run of the work directory, which was killed or ended early; mode and target keys are as that run had them.",
    };

    private readonly Option<TimeSpan?> _untilIdle = TypedOption.Duration(
        "--until-idle",
        "End by itself once nothing has been written for so long; expiries do not count. Default: follow until Ctrl-C or SIGTERM.",
        100 * Millisecond,
        TimeSpan.FromHours(24)
    );

    private readonly Option<bool> _noVerify = new("--no-verify")
    {
        Description = "Do not compare both sides at the end; the run then ends as not proved (exit code 5).",
    };

    private readonly Option<string?> _workDirectory = new("--work-dir")
    {
        HelpName = "DIR",
        Description = "Folder of the run's state, from which keyferry restore puts back what a killed run changed. Default: .keyferry.",
    };

    private readonly Option<int?> _lanes = TypedOption.Whole(
        "--lanes",
        "N",
        "Connections that move keys. One keeps a short network busy; more are for long round trips. Default: 1.",
        1,
        64
    );

    private readonly Option<long?> _dirtyBudget = TypedOption.Size(
        "--dirty-budget",
        "Memory for changed keys that wait, 1MB or more. When it is full, the source is scanned again later instead. Default: 64MiB.",
        1_000_000
    );

    private readonly Option<long?> _largeValue = TypedOption.Size(
        "--large-value",
        "Values that use more memory than this on the source are moved in pieces, while other keys go on. Default: 2MiB.",
        1
    );

    private readonly Option<TimeSpan?> _slice = TypedOption.Duration(
        "--slice",
        "How long the source may be busy with a piece of a large value: its pieces get smaller where it was longer. Default: 5ms.",
        TimeSpan.FromMilliseconds(1),
        TimeSpan.FromSeconds(10)
    );

    private readonly Option<long?> _piece = TypedOption.Size(
        "--piece",
        "How much of a large value is asked for at a time; other clients of the source wait for one piece at most. Default: 256KiB.",
        1024
    );

    private readonly Option<TimeSpan?> _connectTimeout = TypedOption.Duration(
        "--connect-timeout",
        "How long name look-up, connect and TLS handshake may take. Default: 10s.",
        100 * Millisecond,
        TimeSpan.FromMinutes(10)
    );

    private readonly Option<TimeSpan?> _commandTimeout = TypedOption.Duration(
        "--command-timeout",
        "How long a server may be silent while a reply is due. Default: 15s.",
        100 * Millisecond,
        TimeSpan.FromMinutes(10)
    );

    private readonly Option<TimeSpan?> _outageBudget = TypedOption.Duration(
        "--outage-budget",
        "How long a server may stay away before the run gives up. Default: 10m.",
        TimeSpan.Zero,
        TimeSpan.FromHours(24)
    );

    private readonly PaceOptions _pace = new();

    private readonly CutoverArguments _cutover = new();

    /// <summary>Adds all of them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        _source.AddTo(command);
        _target.AddTo(command);
        _selection.AddTo(command);
        foreach (
            var option in (Option[])
                [
                    _mode,
                    _targetKeys,
                    _unsupportedKeys,
                    _sourceReads,
                    _functions,
                    _resume,
                    _capture,
                    _redundantCapture,
                    _captureMaximumAge,
                    _pollInterval,
                    _untilIdle,
                    _noVerify,
                    _workDirectory,
                    _lanes,
                    _dirtyBudget,
                    _largeValue,
                    _piece,
                    _slice,
                    _connectTimeout,
                    _commandTimeout,
                    _outageBudget,
                    .. _pace.All,
                    .. _cutover.All,
                ]
        )
        {
            command.Options.Add(option);
        }
    }

    /// <summary>What the user asked for; what was not said keeps the engine's default.</summary>
    /// <exception cref="KeyferryException">A server is not named, or a URI or a password file is not usable.</exception>
    public MigrationOptions Read(ParseResult parsed, Surroundings surroundings)
    {
        var defaults = new MigrationOptions { Source = _source.Read(parsed, surroundings), Target = _target.Read(parsed, surroundings) };
        RefuseIdleOptions(parsed);
        var pace = _pace.Read(parsed);
        var (databases, prefixes) = _selection.Databases(parsed);
        return defaults with
        {
            Databases = databases,
            DatabasePrefixes = prefixes,
            Names = _selection.Names(parsed),
            Kinds = _selection.Kinds(parsed),
            Expiry = _selection.Expiry(parsed),
            Mode = parsed.GetValue(_mode) ?? defaults.Mode,
            TargetKeys = parsed.GetValue(_targetKeys) ?? defaults.TargetKeys,
            UnsupportedKeys = parsed.GetValue(_unsupportedKeys) ?? defaults.UnsupportedKeys,
            SourceReads = parsed.GetValue(_sourceReads).GetValueOrDefault(),
            Functions = parsed.GetValue(_functions),
            Resume = parsed.GetValue(_resume),
            Capture = parsed.GetValue(_capture) ?? defaults.Capture,
            RedundantCapture = parsed.GetValue(_redundantCapture),
            CaptureMaximumAge = parsed.GetValue(_captureMaximumAge),
            PollInterval = parsed.GetValue(_pollInterval) ?? defaults.PollInterval,
            UntilIdle = parsed.GetValue(_untilIdle),
            Verify = !parsed.GetValue(_noVerify),
            WorkDirectory = parsed.GetValue(_workDirectory) ?? defaults.WorkDirectory,
            Lanes = parsed.GetValue(_lanes) ?? defaults.Lanes,
            LargeValue = parsed.GetValue(_largeValue) ?? defaults.LargeValue,
            Piece = (int)Math.Min(MostPiece, parsed.GetValue(_piece) ?? defaults.Piece),
            Slice = parsed.GetValue(_slice) ?? defaults.Slice,
            DirtyBudget = parsed.GetValue(_dirtyBudget) ?? defaults.DirtyBudget,
            ConnectTimeout = parsed.GetValue(_connectTimeout) ?? defaults.ConnectTimeout,
            CommandTimeout = parsed.GetValue(_commandTimeout) ?? defaults.CommandTimeout,
            OutageBudget = parsed.GetValue(_outageBudget) ?? defaults.OutageBudget,
            KeysPerSecond = pace.Keys,
            BytesPerSecond = pace.Bytes,
            SourceLatencyBudget = pace.Latency,
            Cutover = CutoverOf(parsed, surroundings, defaults.Source),
        };
    }

    private CutoverOptions? CutoverOf(ParseResult parsed, Surroundings surroundings, Endpoint source)
    {
        var cutover = _cutover.Read(parsed, parsed.GetValue(_targetKeys), parsed.GetValue(_capture));
        if (CacheFences.IsCache(_source.CacheOf(parsed, surroundings), source))
        {
            CacheFences.Check(cutover);
        }

        return cutover;
    }

    /// <summary>What should be known beside what both servers say of themselves.</summary>
    public IReadOnlyList<string> Notes(ParseResult parsed, Surroundings surroundings, MigrationOptions options, MigrationPlan plan) =>
        CacheNotes.Of(_source.CacheOf(parsed, surroundings), options, plan);

    /// <summary>A snapshot follows nothing, and polling listens to nothing: an option that speaks of that would do nothing, and whoever gave it expects something else.</summary>
    private void RefuseIdleOptions(ParseResult parsed)
    {
        Option[] listening = [_redundantCapture, _captureMaximumAge];
        if (parsed.GetValue(_mode) == MigrationMode.Snapshot)
        {
            Option[] following = [_untilIdle, _capture, .. listening, _pollInterval, .. _cutover.All];
            Refuse(following, "--mode snapshot, which follows no changes", "use --mode live");
        }
        else if (parsed.GetValue(_capture) == CaptureKind.Polling)
        {
            Refuse(listening, "--capture polling, which listens to nothing", "use --capture notifications or tracking");
        }

        void Refuse(Option[] options, string with, string otherwise)
        {
            if (options.FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false }) is { } given)
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"{given.Name} has no meaning with {with}.",
                    $"Leave {given.Name} out, or {otherwise}."
                );
            }
        }
    }
}
