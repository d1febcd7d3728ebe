using System.Text.Json;
using Keyferry.Cli.Output;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests.Output;

public sealed class ViewTests
{
    private static readonly RunEvent[] Events =
    [
        new RunEvent.PhaseEntered(Examples.At, Phase.Copying, "the capture listens"),
        new RunEvent.GapOpened(Examples.At, 1, "the connection was lost", "everything"),
        new RunEvent.GapClosed(Examples.At, 1, TimeSpan.FromSeconds(4.2)),
        new RunEvent.Note(Examples.At, NoteLevel.Warning, "the target is \"slow\""),
    ];

    [Fact]
    public void The_block_of_a_copy() =>
        Same(
            """
            14:02:11Z  copying   running for 1 min 30 s
              copy     ████████████░░░░░░░░  61 %   7,568,949 of ~12,408,113 keys   25 GB   84,099 keys/s   about 58 s left
              changes  812/s in        807/s moved     1,204 waiting (0.1 % of budget)
              lag      p50 3 ms        p99 41 ms       oldest waiting 0.4 s
              gaps     none
            """,
            Block(Examples.Copying)
        );

    [Fact]
    public void The_block_of_a_verify_with_trouble() =>
        Same(
            """
            14:02:11Z  proving   running for 12 min 4 s   held: target refuses writes: OOM
              copy     ████████████████████  100 %   12,408,113 of ~12,408,113 keys   41 GB
              changes  812/s in        807/s moved     1,204 waiting (0.1 % of budget)
              lag      p50 3 ms        p99 41 ms       oldest waiting 0.4 s
              verify   61 %            15,139,000 of ~24,816,226 keys  14 candidates looked at again
              gaps     2 noticed, 1 open: the capture's connection to the source was lost: old.example:6379 closed the connection (all keys)
              refused  3 keys that the target would not take
            """,
            Block(Examples.Proving)
        );

    [Fact]
    public void A_log_line_has_the_same_facts() =>
        Assert.Equal(
            "2030-05-17T14:02:11Z following | copy 100 %, 12,408,113 of ~12,408,113 keys, 41 GB"
                + " | changes 812/s in, 807/s moved, 1,204 waiting (0.1 % of budget) | lag p50 3 ms, p99 41 ms, oldest waiting 0.4 s | gaps none",
            LineView.LineOf(Examples.View(Examples.Following), Examples.At)
        );

    [Fact]
    public void A_snapshot_run_says_nothing_of_changes_and_a_live_only_run_nothing_of_a_copy()
    {
        var view = Examples.View(Examples.Copying);
        Assert.Equal(["copy"], StatusRow.Of(view with { Follows = false }).Select(row => row.Label));
        Assert.Equal(["changes", "lag", "gaps"], StatusRow.Of(view with { Copies = false }).Select(row => row.Label));
    }

    [Fact]
    public void A_copy_of_which_all_is_scanned_but_not_written_is_not_complete()
    {
        var copy = StatusRow.Of(Examples.View(Examples.Copying with { Scanned = 12_500_000 }))[0];
        Assert.Equal("99 %", copy.Facts[0]);
    }

    [Fact]
    public void Events_are_lines_with_utc_time()
    {
        var bench = new Bench();
        new LineView(bench.Surroundings.Out, TimeSpan.FromSeconds(5), bench.Time, showKeys: false).Show(Events);
        Same(
            """
            2030-05-17T14:02:11Z phase copying: the capture listens
            2030-05-17T14:02:11Z gap 1 opened: the connection was lost (everything)
            2030-05-17T14:02:11Z gap 1 closed after 4.2 s
            2030-05-17T14:02:11Z warning: the target is "slow"
            """,
            bench.Out
        );
    }

    [Fact]
    public void The_live_block_is_redrawn_in_place_below_the_events_and_never_wraps()
    {
        var bench = new Bench();
        var view = new LiveView(bench.Surroundings.Out, new Terminal(Colors: false, () => (40, 24)), bench.Time, showKeys: false);
        view.Show(Examples.View(Examples.Copying));
        view.Show(Events[1..2]);
        view.EndProgress();
        var parts = bench.Out.Split("\r\e[5A");
        Assert.Equal(3, parts.Length);
        Assert.All(parts[0].Replace("\e[K", "", StringComparison.Ordinal).Split('\n'), line => Assert.True(line.Length < 41));
        Assert.StartsWith(
            "14:02:11Z  gap 1 opened: the connection was lost (everything)\e[K\n14:02:11Z  copying",
            parts[1],
            StringComparison.Ordinal
        );
        Assert.Equal("\e[J", parts[2]);
    }

    [Fact]
    public void Colours_only_where_they_are_wanted()
    {
        var bench = new Bench();
        new LiveView(bench.Surroundings.Out, new Terminal(Colors: true, () => (120, 24)), bench.Time, showKeys: false).Show(Events);
        Assert.Contains("\e[33m14:02:11Z  gap 1 opened", bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_json_line_is_an_object_with_type_and_time()
    {
        var bench = new Bench();
        var view = new JsonView(new JsonLines(bench.Surroundings.Out, bench.Time), TimeSpan.FromSeconds(5), showKeys: true);
        view.Show(Events);
        view.Show(Examples.View(Examples.Proving));
        view.Show(Examples.Plan(new KeyferryException(FailureKind.Refused, "It has keys.", "Empty it.")));
        view.Show(Examples.Report(Verdict.Different));
        var objects = bench
            .Out.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToList();
        Assert.Equal(
            ["phase", "gap", "gap-closed", "note", "progress", "plan", "report"],
            objects.Select(one => one.GetProperty("type").GetString())
        );
        Assert.All(objects, one => Assert.Equal("2030-05-17T14:02:11Z", one.GetProperty("at").GetString()));
        Assert.Equal("the target is \"slow\"", objects[3].GetProperty("text").GetString());
        Assert.Equal(1204, objects[4].GetProperty("counters").GetProperty("waiting").GetInt64());
        var report = objects[6];
        Assert.Equal("different", report.GetProperty("verdict").GetString());
        Assert.Equal(1, report.GetProperty("exitCode").GetInt32());
        Assert.Equal(3, report.GetProperty("verify").GetProperty("differences").GetProperty("missing").GetInt64());
        Assert.Equal("secret:Missing\\x0a", report.GetProperty("verify").GetProperty("first")[0].GetProperty("key").GetString());
    }

    private static string Block(ProgressSnapshot now) => string.Join('\n', LiveView.RowsOf(Examples.View(now), Examples.At));

    private static void Same(string expected, string actual) =>
        Assert.Equal(expected.ReplaceLineEndings("\n").TrimEnd(), actual.ReplaceLineEndings("\n").TrimEnd());
}
