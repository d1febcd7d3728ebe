using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Cli.Output;

/// <summary>Verdicts and what a comparison found, in words. A report of a run and one of a verify share it.</summary>
internal static class VerdictText
{
    private const int LabelWidth = 13;

    /// <summary>The verdict as the word that a report begins with.</summary>
    public static string Word(Verdict verdict) =>
        verdict switch
        {
            Verdict.Equal => "EQUAL",
            Verdict.Different => "DIFFERENT",
            Verdict.NotProved => "NOT PROVED",
            Verdict.Aborted => "ABORTED",
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict, "a verdict without a word"),
        };

    /// <summary>The verdict in one sentence.</summary>
    public static string Means(Verdict verdict, VerifyResult? result) =>
        verdict switch
        {
            Verdict.Equal => "both sides were compared in both directions, and nothing differs.",
            Verdict.Different =>
                $"{AtLeast(result)}{Quantity.Of(result?.DifferenceCount ?? 0, "key")} differ{(result?.DifferenceCount == 1 ? "s" : "")}, and went on differing when looked at again.",
            Verdict.NotProved when result is null => "both sides were not compared.",
            Verdict.NotProved => "no stable difference was found, but equality could not be proved.",
            _ => "the run was ended before it could say anything about both sides; the target may be incomplete.",
        };

    /// <summary>Why a comparison on its own could not prove equality.</summary>
    public static IEnumerable<string> Reasons(VerifyResult result) =>
        result.InFlight > 0 && result.DifferenceCount == 0
            ? result.Doubts.Append($"{Quantity.Of(result.InFlight, "key")} kept changing: compare again while nobody writes.")
            : result.Doubts;

    /// <summary>What a difference of this kind means.</summary>
    public static string Means(DifferenceKind kind) =>
        kind switch
        {
            DifferenceKind.Missing => "on the source only",
            DifferenceKind.Surplus => "on the target only",
            DifferenceKind.Type => "of another type",
            DifferenceKind.Value => "with another value",
            DifferenceKind.Expiry => "with another expiry",
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "a kind without words"),
        };

    /// <summary>A row of a report: a label and what it says.</summary>
    public static string Row(string label, string says) => $"  {label.PadRight(LabelWidth)}{says}";

    /// <summary>Rows of a report under one label, which stands at the first only.</summary>
    public static IEnumerable<string> Rows(string label, IEnumerable<string> says) =>
        says.Select((one, index) => Row(index == 0 ? label : "", one));

    /// <summary>The rows about a comparison.</summary>
    public static IEnumerable<string> Rows(VerifyResult result, bool showKeys)
    {
        yield return Row(
            "compared",
            $"{Quantity.Of(result.Compared, "key")} of the source, and {Quantity.Of(result.LookedUp, "key")} of the target looked up on the source"
        );
        if (result.ComparedAgain is { } again)
        {
            yield return Row(
                "",
                $"by the last whole walk, and {Quantity.Of(again, "key")} again since it began, which were touched meanwhile"
            );
        }

        if (result.ByType.Count > 0)
        {
            var types = result.ByType.OrderByDescending(pair => pair.Value).Select(pair => $"{pair.Key} {Quantity.Count(pair.Value)}");
            yield return Row(
                "closer look",
                $"{Quantity.Of(result.ByType.Values.Sum(), "key")} looked at one by one: {string.Join(", ", types)}; the others are the same bytes"
            );
        }

        foreach (var row in Rows("differences", Differences(result, showKeys)))
        {
            yield return row;
        }

        yield return Row("in flight", InFlight(result.InFlight));
        if (result.Repaired > 0)
        {
            yield return Row("repaired", $"{Quantity.Of(result.Repaired, "difference")} went away at another look");
        }

        if (result.PutRight > 0)
        {
            yield return Row("put right", $"{Quantity.Of(result.PutRight, "key")} that somebody else wrote on the target");
        }

        if (result.Unheard is { } unheard)
        {
            yield return Row("not noticed", unheard);
        }

        if (result.LeftAlone > 0)
        {
            yield return Row("left alone", $"{Quantity.Of(result.LeftAlone, "key")} of the target that the source does not have (merge)");
        }
    }

    private static string AtLeast(VerifyResult? result) => result?.NotLookedAtAgain > 0 ? "at least " : "";

    private static string InFlight(long keys) =>
        keys == 0 ? "no keys" : $"{Quantity.Of(keys, "key")} kept changing while they were compared: neither equal nor different";

    private static IEnumerable<string> Differences(VerifyResult result, bool showKeys)
    {
        if (result.NotLookedAtAgain > 0)
        {
            yield return $"{Quantity.Of(result.NotLookedAtAgain, "key")} looked different at first, and could not be kept for another look";
        }

        if (result.DifferenceCount == 0)
        {
            if (result.NotLookedAtAgain == 0)
            {
                yield return "none";
            }

            yield break;
        }

        foreach (var (kind, count) in result.Differences.Where(pair => pair.Value > 0).OrderBy(pair => pair.Key))
        {
            yield return $"{Quantity.Of(count, "key")} {Means(kind)}";
            foreach (var one in result.First.Where(one => showKeys && one.Kind == kind))
            {
                var detail = one.Detail.Length > 0 ? $"  ({one.Detail})" : "";
                yield return $"  db{one.Key.Database} {one.Key.Name.Shown()}{detail}";
            }
        }

        if (!showKeys)
        {
            yield return "first keys of each kind: use --show-keys";
        }
    }
}
