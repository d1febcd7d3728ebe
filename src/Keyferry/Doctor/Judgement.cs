using Keyferry.Model;

namespace Keyferry.Doctor;

/// <summary>What both kinds of server are judged by.</summary>
internal static class Judgement
{
    /// <summary>Connections that a run holds at one server, and a few to spare.</summary>
    private const int Connections = 12;

    private const long BigKey = 64L << 20;

    /// <summary>What follows from the answers of a server, whichever side it is on.</summary>
    public static IEnumerable<Finding> Of(ServerAnswers answers, Endpoint endpoint, FindingSide side)
    {
        yield return Reach.Good(endpoint, side, answers);
        if (endpoint is { Tls: false, Password: not null } && !IsLoopback(endpoint.Host))
        {
            yield return new("password-in-clear", FindingLevel.Warning, side, "The password travels without TLS.")
            {
                Means = "Whoever can listen between here and there reads it, and the data.",
                Remedy = "Use rediss:// if the server speaks TLS.",
            };
        }

        var connected = Number(answers, "connected_clients");
        if (answers.MostClients is { } most && connected + Connections > most)
        {
            yield return new(
                "connections",
                FindingLevel.Warning,
                side,
                $"{connected:#,0} of {most:#,0} connections (maxclients) are in use; a run needs up to {Connections}."
            )
            {
                Means = "Keyferry, or the application, may be refused.",
                Remedy = "Raise maxclients, or close idle clients.",
            };
        }
    }

    /// <summary>Whether this user may do what a migration does there.</summary>
    /// <param name="answers">What the server answered.</param>
    /// <param name="side">Which side it is on.</param>
    /// <param name="useful">Commands without which a run works less well, and what is lost; all others are needed.</param>
    public static IEnumerable<Finding> Rights(ServerAnswers answers, FindingSide side, IReadOnlyDictionary<string, string> useful)
    {
        var refused = answers.Tried.Where(static pair => pair.Value is not null).ToList();
        if (refused.Count == 0)
        {
            yield return new("rights", FindingLevel.Good, side, $"{Who(answers)} may run every command that a migration uses there.");
            yield break;
        }

        foreach (var (command, reply) in refused)
        {
            var without = useful.GetValueOrDefault(command);
            yield return new(
                "rights",
                without is null ? FindingLevel.Blocker : FindingLevel.Warning,
                side,
                $"{Who(answers)} may not run {command}: {reply}."
            )
            {
                Means = without ?? "A migration cannot do without it.",
                Remedy =
                    reply?.StartsWith("NOPERM", StringComparison.Ordinal) == true
                        ? $"ACL SETUSER {answers.User ?? "NAME"} +{command.ToLowerInvariant().Replace(' ', '|')}, with access to all keys."
                    : without is null ? "Name a server that has the command, or have it allowed."
                    : "",
            };
        }
    }

    /// <summary>What was seen of the sizes of keys.</summary>
    public static IEnumerable<Finding> Sizes(ServerAnswers answers)
    {
        if (answers.Sampled > 0 && answers.BiggestSampled >= BigKey)
        {
            yield return new(
                "big-keys",
                FindingLevel.Warning,
                FindingSide.Source,
                $"One of {answers.Sampled} keys looked at takes {answers.BiggestSampled / 1e6:#,0} MB."
            )
            {
                Means = "Large values take long to move, and every change to one moves it again.",
                Remedy = "Find them (redis-cli --memkeys), and delete what is not needed before the migration.",
            };
        }
    }

    /// <summary>A number of INFO; 0 where it is not told.</summary>
    public static long Number(ServerAnswers answers, string field) =>
        long.TryParse(
            answers.Identity.Fields.GetValueOrDefault(field),
            System.Globalization.NumberStyles.Integer,
            System.Globalization.CultureInfo.InvariantCulture,
            out var number
        )
            ? number
            : 0;

    private static string Who(ServerAnswers answers) => answers.User is { } user ? $"The user {user}" : "This user";

    private static bool IsLoopback(string host) =>
        host == "localhost" || (System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address));
}
