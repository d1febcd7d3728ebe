using System.Globalization;

namespace Keyferry.Capture;

/// <summary>How often a server has run each command, as <c>INFO commandstats</c> tells.</summary>
internal static class CommandCounts
{
    /// <summary>Reads the answer. (Commands of modules stand there as the module spells them: VADD.)</summary>
    public static Dictionary<string, long> Of(string info)
    {
        var calls = new Dictionary<string, long>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in info.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            const string head = "cmdstat_";
            var colon = line.IndexOf(":calls=", StringComparison.Ordinal);
            if (!line.StartsWith(head, StringComparison.Ordinal) || colon < 0)
            {
                continue;
            }

            var count = line[(colon + ":calls=".Length)..].Split(',')[0];
            if (long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var value))
            {
                calls[line[head.Length..colon]] = value;
            }
        }

        return calls;
    }

    /// <summary>The first of some commands that ran between two answers. A count that fell was reset meanwhile (CONFIG RESETSTAT): what it shows now came since.</summary>
    public static string? Rose(IEnumerable<string> commands, Dictionary<string, long> before, Dictionary<string, long> now)
    {
        foreach (var command in commands)
        {
            var (earlier, later) = (before.GetValueOrDefault(command), now.GetValueOrDefault(command));
            if (later > earlier || (later < earlier && later > 0))
            {
                return command;
            }
        }

        return null;
    }

    /// <summary>Whether the counts were reset between two answers. What ran before a reset, and after the look before it, is in no count. The reset itself is counted (7.0 and newer),
    /// once, however often it comes; then, and before, it shows by our own questions: their count falls. Of looks that overlap, the one that is compared later may have been answered
    /// earlier; then the next look judges.</summary>
    public static bool WereReset(Dictionary<string, long> before, Dictionary<string, long> now, bool overlaps)
    {
        const string reset = "config|resetstat";
        var asked = before.GetValueOrDefault("info");
        if (overlaps)
        {
            now["info"] = Math.Max(asked, now.GetValueOrDefault("info"));
        }

        return now.GetValueOrDefault(reset) > before.GetValueOrDefault(reset) || (asked >= 16 && now.GetValueOrDefault("info") < asked / 2);
    }
}
