using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Doctor;
using Keyferry.Notifications;

namespace Keyferry.Aws.Doctor;

/// <summary>What follows for a migration from what AWS tells of a cache: pure.</summary>
internal static class CacheJudgement
{
    /// <summary>A node that is replaced within a day of now may be replaced during the run.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromDays(1);

    private const string NotificationsCode = "cache-notifications";

    /// <summary>Judges.</summary>
    public static IEnumerable<Finding> Of(CacheAnswers answers, FindingSide side) =>
        [
            State(answers, side),
            .. Change(answers, side),
            .. Maintenance(answers, side),
            .. Parameters(answers, side),
            .. side == FindingSide.Source ? [Notifications(answers)] : Array.Empty<Finding>(),
            .. answers.Refused.Select(refused => new Finding("cache-permissions", FindingLevel.Warning, side, refused.Saw)
            {
                Means = "What that call would have told could not be judged.",
                Remedy = refused.Remedy,
            }),
        ];

    private static Finding State(CacheAnswers answers, FindingSide side)
    {
        var cache = answers.Cache;
        var words = $"{cache.Id} in {answers.Region}: {cache.KindWords}, {cache.Engine} {cache.EngineVersion}, {cache.Status}.";
        var away = cache
            .Members.Where(static member => member.Status != "available")
            .Select(static member => $"{member.Id} is {member.Status}.")
            .ToList();
        return cache.Status switch
        {
            "available" when away.Count == 0 => new("cache-state", FindingLevel.Good, side, words),
            "available" or "modifying" or "snapshotting" or "rebooting cluster nodes" => new(
                "cache-state",
                FindingLevel.Warning,
                side,
                string.Join(' ', away.Prepend(words))
            )
            {
                Means = "Connections may be cut, and parameters may be about to change.",
                Remedy = $"Begin when it is available: keyferry elasticache show {cache.Id}.",
            },
            _ => new("cache-state", FindingLevel.Blocker, side, string.Join(' ', away.Prepend(words)))
            {
                Means = "It cannot be read or written in this state.",
                Remedy = $"Wait until it is available, or see what happened to it: keyferry elasticache show {cache.Id}.",
            },
        };
    }

    private static IEnumerable<Finding> Change(CacheAnswers answers, FindingSide side)
    {
        var cache = answers.Cache;
        if (cache.Pending.Length > 0)
        {
            yield return new("cache-change", FindingLevel.Warning, side, $"{cache.Id} is being changed: {cache.Pending}.")
            {
                Means = "Slots or nodes move meanwhile; what a run may miss by that it looks for again, which costs a rescan.",
                Remedy = $"Begin when it is done: keyferry elasticache show {cache.Id}.",
            };
        }
    }

    private static IEnumerable<Finding> Maintenance(CacheAnswers answers, FindingSide side)
    {
        var windows = answers
            .Cache.Members.Select(static member => member.MaintenanceWindow)
            .Where(static one => one.Length > 0)
            .Distinct();
        foreach (var window in windows)
        {
            var until = MaintenanceWindow.Until(window, answers.At);
            var risky = until < Soon && answers.Updates.Count > 0;
            var when =
                until == TimeSpan.Zero ? ", which is now"
                : until is { } wait ? $", in {wait.TotalHours:0} hours"
                : "";
            yield return new(
                "cache-maintenance",
                risky ? FindingLevel.Warning : FindingLevel.Good,
                side,
                $"Its maintenance window is {window} UTC{when}."
            )
            {
                Means = "AWS may replace nodes in it; a run follows the failover, and looks again at what it may have missed.",
                Remedy = risky ? "Cut over before it, or after it." : "",
            };
        }

        foreach (var update in answers.Updates)
        {
            var by = update.ApplyBy is { } date ? $", to be applied by {date:yyyy-MM-dd}" : "";
            yield return new(
                "cache-maintenance",
                FindingLevel.Warning,
                side,
                $"The service update {update.Name} ({update.Severity}) is {update.Status}{by}."
            )
            {
                Means = "Applying it replaces every node in turn.",
                Remedy = "Apply it before the migration (aws elasticache batch-apply-update-action), or leave it until after.",
            };
        }
    }

    private static IEnumerable<Finding> Parameters(CacheAnswers answers, FindingSide side)
    {
        var cache = answers.Cache;
        if (cache.Members.Count == 0)
        {
            yield break;
        }

        var groups = string.Join(", ", cache.ParameterGroups);
        var behind = Behind(cache);
        if (behind.Count == 0)
        {
            yield return new("cache-parameters", FindingLevel.Good, side, $"Every node follows the parameter group {groups}.");
            yield break;
        }

        var words = behind.Select(static one => $"{one.Id} ({string.Join(", ", one.OutOfSync.Prepend(one.ApplyStatus))})");
        var reboots = behind
            .Where(static one => one.NodesToReboot.Count > 0 || one.ApplyStatus == "pending-reboot")
            .Select(static one =>
                $"aws elasticache reboot-cache-cluster --cache-cluster-id {one.Id} --cache-node-ids-to-reboot {string.Join(' ', one.NodesToReboot.DefaultIfEmpty("0001"))}"
            )
            .ToList();
        yield return new(
            "cache-parameters",
            FindingLevel.Warning,
            side,
            $"The parameter group {groups} does not hold yet on {string.Join(", ", words)}."
        )
        {
            Means = "What was set there, notification letters among it, is not in force on these nodes.",
            Remedy =
                reboots.Count > 0
                    ? $"A value needs a reboot, in a quiet hour: {string.Join("; ", reboots)}"
                    : $"Wait until it is in sync: keyferry notifications status --elasticache {cache.Id}.",
        };
    }

    /// <summary>Nodes on which the values of the parameter group are not all in force.</summary>
    private static List<CacheMember> Behind(Cache cache) =>
        [.. cache.Members.Where(static one => one.ApplyStatus != "in-sync" || one.OutOfSync.Count > 0 || one.NodesToReboot.Count > 0)];

    private static Finding OfServerless(Cache cache)
    {
        return new(
            NotificationsCode,
            FindingLevel.Warning,
            FindingSide.Source,
            $"{cache.Id} is serverless: keyspace notifications, PSUBSCRIBE, CLIENT TRACKING and CLIENT PAUSE do not exist there."
        )
        {
            Means =
                "A run can only poll: changes are found with its next pass, AWS bills what it reads, and there is no cutover with a fence.",
            Remedy = "Migrate with --capture polling; at the end stop the writers, let the run compare (Ctrl-C), and switch them yourself.",
        };
    }

    private static Finding Notifications(CacheAnswers answers)
    {
        var cache = answers.Cache;
        if (cache.Kind == CacheKind.Serverless)
        {
            return OfServerless(cache);
        }

        if (answers.Groups.Count == 0)
        {
            return new(NotificationsCode, FindingLevel.Warning, FindingSide.Source, "The notification letters could not be asked for.");
        }

        var (name, values) = answers.Groups.FirstOrDefault(static group => !CacheQuestions.Suffices(group.Value));
        if (name is null && Behind(cache) is { Count: > 0 } behind)
        {
            return new(
                NotificationsCode,
                FindingLevel.Warning,
                FindingSide.Source,
                $"The letters of {string.Join(", ", answers.Groups.Keys)} would suffice, but not every value of the group is in force yet on {string.Join(", ", behind.Select(static one => one.Id))}."
            )
            {
                Means = "Which letters the nodes go by now cannot be told from the group.",
                Remedy =
                    $"keyferry notifications test --elasticache {cache.Id} tries each primary; see also what is said of the parameter group.",
            };
        }

        if (name is null)
        {
            return new(
                NotificationsCode,
                FindingLevel.Good,
                FindingSide.Source,
                $"The letters of {string.Join(", ", answers.Groups.Keys)} suffice; keyferry notifications test --elasticache {cache.Id} proves that events come."
            );
        }

        var flags = GroupDecision.LettersOf(values);
        var text = values.GetValueOrDefault(GroupDecision.Letters)?.Value ?? "";
        var missing = NotificationFlags.Needed(flags.Family).Without(flags).ToConfigText();
        return new(
            NotificationsCode,
            FindingLevel.Warning,
            FindingSide.Source,
            $"The letters of {name}, the parameter group of {cache.Id}, are \"{text}\"; {missing} is missing."
        )
        {
            Means = Cause(answers, name, text),
            Remedy = $"keyferry notifications enable --elasticache {cache.Id} --region {answers.Region} --apply",
        };
    }

    private static string Cause(CacheAnswers answers, string name, string letters)
    {
        List<string> causes = [];
        if (letters.Length > 0 && !letters.Contains('K', StringComparison.Ordinal) && !letters.Contains('E', StringComparison.Ordinal))
        {
            causes.Add("AWS takes letters without K or E, and then nothing is sent at all.");
        }

        if (answers.Elsewhere.Count > 0)
        {
            causes.Add(
                $"The right letters stand in {string.Join(", ", answers.Elsewhere)}, which is attached to no cache: there they do nothing."
            );
        }

        return causes.Count > 0 ? string.Join(' ', causes)
            : name.StartsWith("default.", StringComparison.Ordinal)
                ? "It is one of AWS's groups, which nobody can change, and CONFIG SET does not exist on ElastiCache. A run uses client tracking instead where it may."
            : "Not every change raises an event; a run uses client tracking instead where it may.";
    }
}
