using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Tests.Output;

public sealed class ReportTextTests
{
    [Fact]
    public void Equal() =>
        Same(
            """
            EQUAL: both sides were compared in both directions, and nothing differs.

              source       Redis 7.0.15 at 127.0.0.1:7001
              target       Valkey 8.1.1 at 127.0.0.1:7002
              compared     12,408,113 keys of the source, and 12,408,110 keys of the target looked up on the source
              closer look  20,012 keys looked at one by one: hash 20,000, zset 12; the others are the same bytes
              differences  none
              in flight    no keys
              moved        7,570,000 written, 12 deleted, 41 GB of values
              scanned      12,408,113 keys
              changes      73,080 heard of, 71,000 looks at changed keys reached the target
              gaps         none
              put back     notify-keyspace-events on the source is "" again.
              phases       arming 0.2 s, copying 2 min 27 s, following 9 min 37 s
              run          k3f9, 12 min 4 s in all
            """,
            ReportText.Of(Examples.Report(Verdict.Equal), showKeys: false)
        );

    [Fact]
    public void Different_without_keys()
    {
        var text = ReportText.Of(Examples.Report(Verdict.Different), showKeys: false);
        Assert.StartsWith("DIFFERENT: 4 keys differ, and went on differing when looked at again.", text, StringComparison.Ordinal);
        Has(text, "  because      4 keys differ.");
        Has(
            text,
            "  differences  3 keys on the source only\n               1 key with another value\n               first keys of each kind: use --show-keys"
        );
        Has(text, "  repaired     2 differences went away at another look");
        Assert.DoesNotContain("secret:", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Different_with_keys()
    {
        var text = ReportText.Of(Examples.Report(Verdict.Different), showKeys: true);
        Has(
            text,
            """
              differences  3 keys on the source only
                             db3 secret:Missing\x0a
                           1 key with another value
                             db3 secret:Value\x0a  (hash: 10 fields against 9)
            """
        );
    }

    [Fact]
    public void Not_proved()
    {
        var text = ReportText.Of(Examples.Report(Verdict.NotProved), showKeys: false);
        Assert.StartsWith("NOT PROVED: no stable difference was found, but equality could not be proved.", text, StringComparison.Ordinal);
        Has(text, "  because      14 keys kept changing.\n               A gap was still open.");
        Has(text, "  in flight    14 keys kept changing while they were compared: neither equal nor different");
    }

    [Fact]
    public void Not_compared()
    {
        var text = ReportText.Of(Examples.Report(Verdict.NotProved) with { Verify = null }, showKeys: false);
        Assert.StartsWith("NOT PROVED: both sides were not compared.", text, StringComparison.Ordinal);
        Has(text, "  compared     nothing");
    }

    [Fact]
    public void What_still_waited_is_told_with_every_verdict()
    {
        var report = Examples.Report(Verdict.Equal);
        var text = ReportText.Of(report with { Progress = report.Progress with { Waiting = 3 } }, showKeys: false);
        Has(text, "  not moved    3 changed keys still waited at the end: the source was being written to until then");
    }

    [Fact]
    public void Aborted()
    {
        var text = ReportText.Of(Examples.Report(Verdict.Aborted), showKeys: false);
        Assert.StartsWith("ABORTED: the run was ended before it could say anything", text, StringComparison.Ordinal);
        Has(text, "  put back     notify-keyspace-events on the source is \"\" again.");
    }

    [Fact]
    public void A_plan() =>
        Same(
            """
            DRY RUN: nothing was written; the run would do this.

              source       Redis 7.0.15 at 127.0.0.1:7001
              target       Valkey 8.1.1 at 127.0.0.1:7002
              databases    0, 3
              keys         12,408,113 on the source, 0 on the target
              clocks       both clocks agree
              capture      keyspace notifications, with KEA added to ""
              steps        1. arm   Subscribe.
                           2. copy  Scan the source.
              warnings     The source is a replica.
            """,
            PlanText.Of(Examples.Plan(), showKeys: false)
        );

    [Fact]
    public void A_plan_that_is_refused()
    {
        var text = PlanText.Of(Examples.Plan(new KeyferryException(FailureKind.Refused, "It has keys.", "Empty it.")), showKeys: false);
        Assert.StartsWith("DRY RUN: the run would be refused.", text, StringComparison.Ordinal);
        Has(text, "  refused      It has keys.\n               what to do: Empty it.");
    }

    private static void Has(string text, string part) =>
        Assert.Contains(part.ReplaceLineEndings("\n"), text.ReplaceLineEndings("\n"), StringComparison.Ordinal);

    private static void Same(string expected, string actual) =>
        Assert.Equal(expected.ReplaceLineEndings("\n") + "\n", actual.ReplaceLineEndings("\n"));

    [Fact]
    public void After_a_cutover_it_says_that_the_numbers_are_those_of_the_last_whole_walk()
    {
        var report = Examples.Report(Verdict.Equal);
        Assert.DoesNotContain("whole walk", ReportText.Of(report, showKeys: false), StringComparison.Ordinal);
        var text = ReportText.Of(report with { Verify = Examples.Verified() with { ComparedAgain = 1_234 } }, showKeys: false);
        Assert.Contains("by the last whole walk, and 1,234 keys again since it began", text, StringComparison.Ordinal);
    }
}
