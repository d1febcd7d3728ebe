using Keyferry.Capture;
using Keyferry.Notifications;
using Keyferry.Resp;

namespace Keyferry.Migration;

/// <summary>How a run will learn of changes, as far as it can be said before it tries.</summary>
/// <param name="Words">Which capture, and how its ground stands; empty where nothing is followed.</param>
/// <param name="Arms">What the run does before it copies; empty where nothing is followed.</param>
internal sealed record PlannedCapture(string Words, string Arms)
{
    /// <summary>Nothing is followed.</summary>
    public static readonly PlannedCapture None = new("", "");

    private const string Proves = "Subscribe, and prove with a probe key that events come through";

    /// <summary>Whether notification flags of the source will be changed, and put back.</summary>
    public bool ChangesFlags { get; private init; }

    /// <summary>Whether the source may be one that tells of no change: nothing about its flags can be asked, as on a serverless cache.</summary>
    public bool MayHearNothing { get; private init; }

    /// <summary>What should be known of it, or <see langword="null"/>.</summary>
    public string? Warning { get; private init; }

    /// <summary>Asks the source, where that matters.</summary>
    public static async ValueTask<PlannedCapture> AskAsync(MigrationOptions options, RespConnection source, CancellationToken stop) =>
        options switch
        {
            { Mode: MigrationMode.Snapshot } => None,
            { Capture: CaptureKind.Polling } => new PlannedCapture(
                $"polling: passes over the whole source, {options.PollInterval.TotalSeconds:0.#} s apart",
                "Nothing is switched on: changes are found by passes over the source."
            ),
            { Capture: CaptureKind.Tracking } => new PlannedCapture(
                "client tracking",
                "Ask the source to tell of every changed key (client tracking); nothing is configured there."
            )
            {
                MayHearNothing = true,
            },
            _ => Of(await FlagReading.AskAsync(source, stop), options.Capture == CaptureKind.Auto),
        };

    private static PlannedCapture Of(FlagReading reading, bool auto)
    {
        var otherwise = auto ? "; where they do not, follow by client tracking, or else by polling." : ".";
        switch (reading)
        {
            case FlagReading.Known known when known.Flags.Covers(NotificationFlags.Needed(known.Flags.Family)):
                return new PlannedCapture($"keyspace notifications; the flags \"{known.Text}\" suffice", Proves + otherwise);
            case FlagReading.Known known:
                var wanted = known.Flags.Union(NotificationFlags.Needed(known.Flags.Family));
                return new PlannedCapture(
                    $"keyspace notifications; the flags \"{known.Text}\" do not suffice and will be \"{wanted}\" for as long as the run lasts",
                    "Switch on what is missing of the source's keyspace notifications, subscribe, and prove with a probe key that events come through"
                        + otherwise
                )
                {
                    ChangesFlags = true,
                };
            case FlagReading.Unreadable { Cause: FlagObstacle.NoConfigCommand } unreadable:
                return new PlannedCapture(
                    "keyspace notifications; the flags can be neither read nor changed over a connection",
                    Proves + otherwise
                )
                {
                    MayHearNothing = true,
                    Warning = Unread(unreadable),
                };
            case FlagReading.Unreadable unreadable:
                return new PlannedCapture("keyspace notifications; the flags cannot be read", Proves + otherwise)
                {
                    Warning = Unread(unreadable),
                };
            default:
                return None;
        }
    }

    private static string Unread(FlagReading.Unreadable unreadable) =>
        $"The source's notification flags cannot be read ({FlagTrouble.Words(unreadable.Cause)}): keys of Keyferry's own show before the copy, every {HearingTrial.Interval.TotalSeconds:0} s and before a cutover whether all kinds of events come. Leave the flags alone until the migration is over: that they were off and on again in between "
        + (
            unreadable.Cause == FlagObstacle.NotPermitted
                ? "shows only where the source counts its commands (INFO commandstats)."
                : "would not be noticed; --capture tracking needs no flags."
        );
}
