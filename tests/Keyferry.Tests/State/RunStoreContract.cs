using Keyferry.Model;
using Keyferry.State;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.State;

/// <summary>What every run store promises.</summary>
public abstract class RunStoreContract
{
    private protected static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private protected FakeTimeProvider Time { get; } = new(Start);

    /// <summary>Opens a new, empty store.</summary>
    private protected abstract IRunStore Create();

    /// <summary>Opens what <paramref name="store"/> held, after its process has ended.</summary>
    private protected abstract IRunStore Reopen(IRunStore store);

    [Fact]
    public void A_run_is_known_after_it_was_reopened()
    {
        var store = Create();
        var first = store.BeginRun(Run("one"));
        Time.Advance(TimeSpan.FromSeconds(2));
        store.EnterPhase(first, Phase.Arming, "begins");
        Time.Advance(TimeSpan.FromSeconds(3));
        var second = store.BeginRun(Run("two"));
        store.EndRun(first, Verdict.NotProved);

        using var again = Reopen(store);
        var runs = again.Runs();
        Assert.Equal([second, first], runs.Select(run => run.Id));
        Assert.Equal(new RunRecord(first, Run("one"), Start, Phase.Arming, Start + TimeSpan.FromSeconds(5), Verdict.NotProved), runs[1]);
        Assert.Equal((Phase.Planned, null, null), (runs[0].Phase, runs[0].Ended, runs[0].Verdict));
        Assert.Equal(
            [new PhaseRecord(Phase.Planned, Start, ""), new PhaseRecord(Phase.Arming, Start + TimeSpan.FromSeconds(2), "begins")],
            again.Phases(first)
        );
    }

    [Fact]
    public void An_open_lease_is_found_by_whoever_comes_later_and_a_closed_one_is_not()
    {
        var store = Create();
        var run = store.BeginRun(Run("one"));
        var kept = store.RecordLease(Lease(run, before: "Ex", after: "AE"));
        var undone = store.RecordLease(Lease(run: null, before: "", after: "AK"));
        var latest = store.RecordLease(Lease(run: null, before: "AE", after: "AEK"));
        store.MarkLeaseUndone(undone, "put back");
        store.MarkLeaseUndone(undone, "again");

        using var again = Reopen(store);
        Assert.Equal([latest, kept], again.OpenLeases().Select(lease => lease.Id));
        Assert.Equal(Lease(run, "Ex", "AE") with { Id = kept, Taken = Start }, again.OpenLeases()[1]);
    }

    [Fact]
    public void Gaps_stay_open_until_they_are_closed()
    {
        var store = Create();
        var run = store.BeginRun(Run("one"));
        var other = store.BeginRun(Run("two"));
        var gap = new GapRecord
        {
            Run = run,
            Shard = "s1",
            Reason = "connection lost",
            Scope = "all keys",
        };
        var first = store.RecordGap(gap);
        var second = store.RecordGap(gap with { Reason = "not known yet" });
        store.RetellGap(second, "FLUSHDB");
        _ = store.RecordGap(gap with { Run = other });
        Time.Advance(TimeSpan.FromSeconds(1));
        store.CloseGap(first);
        Time.Advance(TimeSpan.FromSeconds(1));
        store.CloseGap(first);

        using var again = Reopen(store);
        Assert.Equal(
            [
                gap with
                {
                    Id = first,
                    Opened = Start,
                    Closed = Start + TimeSpan.FromSeconds(1),
                },
                gap with
                {
                    Id = second,
                    Reason = "FLUSHDB",
                    Opened = Start,
                },
            ],
            again.Gaps(run)
        );
    }

    [Fact]
    public void Scan_positions_and_counters_hold_the_last_value()
    {
        var store = Create();
        var run = store.BeginRun(Run("one"));
        var position = new ScanPosition
        {
            Run = run,
            Shard = "s1",
            Database = 0,
            Cursor = "18446744073709551615",
            Keys = 10,
            ServerRunId = "abc",
        };
        store.SaveScan(position);
        store.SaveScan(position with { Database = 3, Done = true });
        store.SaveScan(position with { Shard = "s2" });
        store.SaveCounters(run, new Dictionary<string, long>(StringComparer.Ordinal) { ["written"] = 1, ["gaps"] = 2 });
        store.SaveCounters(run, new Dictionary<string, long>(StringComparer.Ordinal) { ["written"] = long.MaxValue });

        using var again = Reopen(store);
        Assert.Equal(position with { Database = 3, Done = true }, again.LoadScan(run, "s1"));
        Assert.Equal(position with { Shard = "s2" }, again.LoadScan(run, "s2"));
        Assert.Null(again.LoadScan(run, "s3"));
        Assert.Null(again.LoadScan(run + 1, "s1"));
        Assert.Equal(
            [("gaps", 2L), ("written", long.MaxValue)],
            again.LoadCounters(run).OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => (one.Key, one.Value))
        );
    }

    [Fact]
    public void Outcomes_of_comparisons_are_kept_in_order()
    {
        var store = Create();
        var run = store.BeginRun(Run("one"));
        var result = new VerifyRecord
        {
            Run = run,
            Verdict = Verdict.Different,
            Compared = 5,
            LookedUp = 4,
            Differences = 3,
            InFlight = 2,
            Repaired = 1,
        };
        store.RecordVerify(result);
        store.RecordVerify(result with { Verdict = Verdict.Equal, Differences = 0 });

        using var again = Reopen(store);
        Assert.Equal(
            [result with { At = Start }, result with { Verdict = Verdict.Equal, Differences = 0, At = Start }],
            again.Verifies(run)
        );
    }

    private protected static RunStart Run(string name) =>
        new()
        {
            Name = name,
            Source = "a:1",
            Target = "b:2",
            Mode = "live",
            Options = "lanes 1",
        };

    private protected static LeaseRecord Lease(long? run, string before, string after) =>
        new()
        {
            Run = run,
            Kind = LeaseKind.NotificationFlags,
            Host = "a.example",
            Port = 6380,
            Tls = true,
            Before = before,
            After = after,
        };
}
