using Keyferry.Doctor;

namespace Keyferry.Cli.Output;

/// <summary>A diagnosis in words: findings by server, the graver first, and the conclusion at the end.</summary>
internal static class DoctorText
{
    /// <summary>The conclusion as one word, or three.</summary>
    public static string Conclusion(Diagnosis diagnosis) =>
        diagnosis.Worst switch
        {
            FindingLevel.Blocker => "NO-GO",
            FindingLevel.Warning => "GO WITH WARNINGS",
            _ => "GO",
        };

    /// <summary>All of it.</summary>
    public static string Of(Diagnosis diagnosis)
    {
        var lines = new List<string>();
        foreach (var side in diagnosis.Findings.GroupBy(static finding => finding.Side))
        {
            lines.Add(side.Key == FindingSide.Both ? "both" : JsonMapping.Word(side.Key));
            foreach (var finding in side)
            {
                lines.Add($"  {Mark(finding.Level), -8} {finding.Code}: {finding.Saw}");
                lines.AddRange(Rest("", finding.Means));
                lines.AddRange(Rest("what to do: ", finding.Remedy));
            }

            lines.Add("");
        }

        var (blockers, warnings) = (diagnosis.Count(FindingLevel.Blocker), diagnosis.Count(FindingLevel.Warning));
        var counts = new[] { (blockers, "blocker"), (warnings, "warning") }
            .Where(static pair => pair.Item1 > 0)
            .Select(static pair => Quantity.Of(pair.Item1, pair.Item2));
        lines.Add(string.Join(": ", new[] { Conclusion(diagnosis), string.Join(", ", counts) }.Where(static part => part.Length > 0)));
        return string.Concat(lines.Select(static line => line + Environment.NewLine));
    }

    private static string Mark(FindingLevel level) => level == FindingLevel.Good ? "ok" : JsonMapping.Word(level);

    private static IEnumerable<string> Rest(string label, string text) => text.Length == 0 ? [] : [$"           {label}{text}"];
}
