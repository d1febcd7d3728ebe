using Keyferry.Migration;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.State;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Migration;

public sealed class RunJournalTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly MemoryRunStore _store;
    private readonly long _run;
    private readonly Told _told = new();

    public RunJournalTests()
    {
        _store = new MemoryRunStore(_time);
        _run = _store.BeginRun(
            new RunStart
            {
                Name = "run",
                Source = "a:1",
                Target = "b:1",
                Mode = "live",
            }
        );
    }

    public void Dispose() => _store.Dispose();

    [Fact]
    public void What_a_killed_process_left_open_is_closed_by_the_next_one_under_its_number()
    {
        var killed = NewProcess();
        killed.Note("cut off");
        Close(killed);
        killed.Note("XACK", GapScope.Streams);
        killed.Note("restarted");

        var resumed = NewProcess();
        Assert.Equal((3, 2), (resumed.Total, resumed.Open));
        Assert.Equal((2, "XACK", "streams"), (resumed.Oldest?.Id, resumed.Oldest?.Reason, resumed.Oldest?.Concerns));
        resumed.Note("not running");
        _time.Advance(TimeSpan.FromSeconds(7));
        Close(resumed);

        Assert.Equal([1, 2, 3, 4], _told.Opened);
        Assert.Equal([1, 2, 3, 4], _told.Closed);
        Assert.All(_store.Gaps(_run), static gap => Assert.NotNull(gap.Closed));
        Assert.All(_store.Gaps(_run).Skip(1), gap => Assert.Equal(_time.GetUtcNow(), gap.Closed));
    }

    /// <summary>A ledger as a process of the run keeps it.</summary>
    private GapLedger NewProcess()
    {
        var journal = new RunJournal(_run, _store, _told, _time);
        var gaps = new GapLedger(_time);
        journal.TakeUp(gaps);
        (gaps.Opened, gaps.Closed) = (journal.Opened, journal.Closed);
        return gaps;
    }

    private static void Close(GapLedger gaps)
    {
        _ = gaps.BeginClosing();
        gaps.FinishClosing();
    }

    private sealed class Told : IRunObserver
    {
        public List<int> Opened { get; } = [];

        public List<int> Closed { get; } = [];

        public void On(RunEvent happened)
        {
            switch (happened)
            {
                case RunEvent.GapOpened gap:
                    Opened.Add(gap.Id);
                    break;
                case RunEvent.GapClosed gap:
                    Closed.Add(gap.Id);
                    break;
                default:
                    break;
            }
        }
    }
}
