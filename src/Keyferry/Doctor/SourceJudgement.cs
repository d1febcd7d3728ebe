using System.Globalization;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Doctor;

/// <summary>What follows from a source's answers.</summary>
/// <remarks>Pure: everything was asked before.</remarks>
internal static class SourceJudgement
{
    private const int ClientsNamed = 5;

    /// <summary>A capture that is read for so long without a pause is never cut off.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromSeconds(2);

    /// <summary>About what one event takes in a client's output buffer, beside the name of the key.</summary>
    private const int EventBytes = 200;

    /// <summary>Commands without which a run works less well.</summary>
    private static readonly Dictionary<string, string> _useful = new(StringComparer.Ordinal)
    {
        ["EVAL"] = "Equal values cannot be recognised by sums made on the server: verify and rescans move them all.",
        ["CLIENT NO-TOUCH"] = "Reading a key counts as a use of it: with an LRU or LFU policy the copy disturbs what is evicted first.",
        ["OBJECT IDLETIME"] = "Keys that were not touched during a gap cannot be told from those that were.",
        ["INFO"] = "Writes that raise no events (consumer groups, flushes) are found only by the comparison at the end.",
        ["TIME"] = "The clocks of both servers cannot be compared.",
    };

    /// <summary>Judges.</summary>
    /// <param name="answers">What the source answered.</param>
    /// <param name="tracks">What it said to client tracking: its refusal, or <see langword="null"/> where it tracks.</param>
    public static IEnumerable<Finding> Of(ServerAnswers answers, string? tracks) =>
        [
            .. Judgement.Rights(answers, FindingSide.Source, _useful),
            .. Replica(answers),
            Capture(answers, tracks),
            .. Buffers(answers),
            .. Judgement.Sizes(answers),
            .. Extras(answers),
            Clients(answers),
        ];

    private static IEnumerable<Finding> Replica(ServerAnswers answers)
    {
        if (answers.Identity.HasLostPrimary)
        {
            yield return new(
                "replica-link",
                FindingLevel.Blocker,
                FindingSide.Source,
                "The source is a replica without a connection to its primary (master_link_status:down)."
            )
            {
                Means = "What is written on the primary does not reach it: its copy is of the past.",
                Remedy =
                    "Name the primary instead, or mend the connection. Where the primary is gone for good, promote this replica first: REPLICAOF NO ONE.",
            };
        }
    }

    private static Finding Capture(ServerAnswers answers, string? tracks)
    {
        switch (answers.Flags)
        {
            case FlagReading.Known known when known.Flags.Covers(NotificationFlags.Needed(known.Flags.Family)):
                return new("notifications", FindingLevel.Good, FindingSide.Source, $"The notification flags \"{known.Text}\" suffice.");
            case FlagReading.Known known:
                return new(
                    "notifications",
                    FindingLevel.Good,
                    FindingSide.Source,
                    $"The notification flags are \"{known.Text}\"; {NotificationFlags.Needed(known.Flags.Family).Without(known.Flags).ToConfigText()} is missing."
                )
                {
                    Means =
                        "A run adds what is missing for as long as it lasts, and puts the old value back; this needs the right to CONFIG SET.",
                };
            case FlagReading.Unreadable unreadable:
                return Unreadable(unreadable, tracks);
            default:
                return new("notifications", FindingLevel.Warning, FindingSide.Source, "The notification flags were not asked for.");
        }
    }

    private static Finding Unreadable(FlagReading.Unreadable unreadable, string? tracks) =>
        new(
            "notifications",
            FindingLevel.Warning,
            FindingSide.Source,
            $"The notification flags can neither be read nor set: {FlagTrouble.Words(unreadable.Cause)} ({unreadable.Said.TrimEnd().TrimEnd('.')})."
        )
        {
            Means = tracks is null
                ? "If events do not come, a run uses client tracking instead, which needs no configuration (--capture auto)."
                : $"If events do not come, only polling is left (--capture polling): client tracking is refused, too ({tracks}).",
            Remedy = FlagTrouble.Remedy(unreadable.Cause, NotificationFlags.Needed(ChannelFamily.Event)),
        };

    /// <summary>A subscriber that falls behind is cut off: how long it may stall at the present rate of commands.</summary>
    private static IEnumerable<Finding> Buffers(ServerAnswers answers)
    {
        if (HardPubSubLimit(answers.BufferLimits) is not { } limit || limit == 0)
        {
            yield break;
        }

        var rate = Judgement.Number(answers, "instantaneous_ops_per_sec");
        var holds = rate == 0 ? TimeSpan.MaxValue : TimeSpan.FromSeconds(limit / (double)(rate * EventBytes));
        if (holds < Stall)
        {
            yield return new(
                "pubsub-buffer",
                FindingLevel.Warning,
                FindingSide.Source,
                $"A subscriber may fall behind by {limit / 1e6:#,0} MB (client-output-buffer-limit pubsub), which at {rate:#,0} commands/s is {holds.TotalSeconds:0.0} s of events."
            )
            {
                Means = "After a longer stall the server cuts the capture off; that is a gap, and costs a rescan.",
                Remedy =
                    answers.BufferRemedy
                    ?? "CONFIG SET client-output-buffer-limit \"pubsub 268435456 134217728 60\", or on ElastiCache the parameters client-output-buffer-limit-pubsub-hard-limit and -soft-limit of the parameter group.",
            };
        }
    }

    /// <summary>The hard limit of the class pubsub, in bytes; <see langword="null"/> where it is not told, 0 for none.</summary>
    internal static long? HardPubSubLimit(string? limits)
    {
        var words = (limits ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var at = Array.IndexOf(words, "pubsub");
        return
            at >= 0 && at + 1 < words.Length && long.TryParse(words[at + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var hard)
            ? hard
            : null;
    }

    private static IEnumerable<Finding> Extras(ServerAnswers answers)
    {
        if (answers.Functions.Count > 0)
        {
            yield return new(
                "functions",
                FindingLevel.Warning,
                FindingSide.Source,
                $"There are function libraries: {string.Join(", ", answers.Functions)}."
            )
            {
                Means = "Keys are moved, functions are not.",
                Remedy = "Carry them over: FUNCTION DUMP on the source, FUNCTION RESTORE on the target.",
            };
        }

        if (answers.Modules.Count > 0)
        {
            yield return new("modules", FindingLevel.Good, FindingSide.Source, $"Modules are loaded: {string.Join(", ", answers.Modules)}.")
            {
                Means = "Values of their types can be moved only to a server that has them as well.",
            };
        }
    }

    private static Finding Clients(ServerAnswers answers)
    {
        if (answers.Clients is not { } clients)
        {
            return new("clients", FindingLevel.Warning, FindingSide.Source, "Who else is connected cannot be asked (CLIENT LIST).")
            {
                Means = "At the cutover, clients that still write to the source cannot be named.",
                Remedy = "Give the user the right: +client|list.",
            };
        }

        var writing = clients.Where(static client => client.Writes).ToList();
        var named = writing
            .GroupBy(static client => client.Name.Length > 0 ? client.Name : client.Address.Split(':')[0], StringComparer.Ordinal)
            .OrderByDescending(static group => group.Count())
            .Select(static group => group.Count() == 1 ? group.Key : $"{group.Key} ({group.Count()})")
            .ToList();
        var more = named.Count > ClientsNamed ? $" and {named.Count - ClientsNamed} more" : "";
        return new(
            "clients",
            FindingLevel.Good,
            FindingSide.Source,
            clients.Count == 0 ? "Nobody else is connected at the moment."
                : writing.Count == 0 ? $"{clients.Count} other clients are connected; the last command of none of them was a write."
                : $"{clients.Count} other clients are connected; {writing.Count} of them wrote with their last command: {string.Join(", ", named.Take(ClientsNamed))}{more}."
        )
        {
            Means = clients.Count == 0 ? "" : "All of them have to be switched over to the target at the end.",
        };
    }
}
