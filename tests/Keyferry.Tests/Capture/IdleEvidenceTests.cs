using System.Globalization;
using Keyferry.Capture;
using Keyferry.Servers;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Capture;

/// <summary>When idle times of a source prove that a key was not written, and what takes the proof away.</summary>
public sealed class IdleEvidenceTests
{
    private const long ServerStart = 1_800_000_000;
    private readonly FakeTimeProvider _time = new();
    private readonly IdleEvidence _evidence;
    private readonly Dictionary<string, string> _info = new()
    {
        ["redis_version"] = "8.0.2",
        ["run_id"] = "a",
        ["master_replid"] = "b",
        ["role"] = "master",
        ["total_forks"] = "3",
        ["rdb_bgsave_in_progress"] = "0",
        ["aof_rewrite_in_progress"] = "0",
        ["maxmemory_policy"] = "allkeys-lru",
        ["module"] = "name=vectorset,ver=1",
    };

    private readonly Dictionary<string, long> _calls = new() { ["set"] = 5, ["client|no-touch"] = 2 };
    private Dictionary<string, long>? _told;
    private QuietReads.Count _quiet = new(2, 0);
    private string? _hidden = "";
    private TimeSpan _ahead;
    private TimeSpan _took;
    private long _since;

    public IdleEvidenceTests()
    {
        _evidence = new IdleEvidence(_time);
        _told = _calls;
    }

    [Fact]
    public void A_source_that_was_watched_all_the_time_proves_it()
    {
        Look();
        Wait(10);
        _since = _time.GetTimestamp();
        Look();
        Wait(60);
        Look();

        // Ten seconds after the start, less a second for the clock and three for its resolution.
        Assert.Equal(ServerStart + 6, _evidence.SecondOf(_since, out _));
    }

    [Fact]
    public void Before_the_first_look_nothing_is_known()
    {
        Assert.Null(_evidence.SecondOf(_time.GetTimestamp(), out var why));
        Assert.Contains("watched", why, StringComparison.Ordinal);
        var before = _time.GetTimestamp();
        Wait(1);
        Look();
        Assert.Null(_evidence.SecondOf(before, out _));
        Wait(1);
        Assert.NotNull(_evidence.SecondOf(_time.GetTimestamp(), out _));
    }

    [Theory]
    [InlineData("total_forks", "4", "child")]
    [InlineData("rdb_bgsave_in_progress", "1", "child")]
    [InlineData("aof_rewrite_in_progress", "1", "child")]
    [InlineData("module_fork_in_progress", "1", "child")]
    [InlineData("slot_migration_fork_in_progress", "1", "child")]
    [InlineData("maxmemory_policy", "allkeys-lfu", "LFU")]
    [InlineData("maxmemory_policy", null, "LFU")]
    [InlineData("run_id", "c", "restarted")]
    [InlineData("master_replid", "c", "failed over")]
    [InlineData("role", "slave", "replica")]
    [InlineData("redis_mode", "cluster", "cluster")]
    [InlineData("redis_version", "6.2.14", "7.0")]
    [InlineData("total_forks", null, "tell")]
    [InlineData("module", "name=search,ver=1", "search")]
    [InlineData("loading", "1", "child")]
    public void What_INFO_tells_takes_the_proof_away(string field, string? value, string why) =>
        TakesAway(() => _ = value is null ? _info.Remove(field) : (_info[field] = value) is null, why);

    [Theory]
    [InlineData("restore", "RESTORE")]
    [InlineData("swapdb", "SWAPDB")]
    [InlineData("debug", "DEBUG")]
    [InlineData("config|set", "CONFIG SET")]
    [InlineData("module|load", "MODULE LOAD")]
    [InlineData("client|no-touch", "NO-TOUCH")]
    public void Commands_take_the_proof_away(string command, string why) =>
        TakesAway(() => _calls[command] = _calls.GetValueOrDefault(command) + 1, why);

    [Fact]
    public void Counts_that_were_reset_take_it_away() => TakesAway(() => _calls["set"] = 1, "reset");

    [Fact]
    public void Counts_that_may_not_be_read_take_it_away() => TakesAway(() => _told = null, "commandstats");

    [Theory]
    [InlineData(3600)]
    [InlineData(-3)]
    public void A_clock_that_was_set_takes_it_away(int seconds) => TakesAway(() => _ahead = TimeSpan.FromSeconds(seconds), "clock");

    [Fact]
    public void A_slow_answer_takes_it_away() => TakesAway(() => _took = TimeSpan.FromSeconds(3), "too long");

    [Fact]
    public void Our_own_calls_of_NO_TOUCH_are_not_held_against_it()
    {
        Look();
        Wait(1);
        _since = _time.GetTimestamp();
        (_calls["client|no-touch"], _quiet) = (5, new QuietReads.Count(5, 0));
        Wait(1);
        Look();
        Assert.NotNull(_evidence.SecondOf(_since, out _));
    }

    [Fact]
    public void A_call_of_ours_that_was_under_way_is_not_counted_as_ours_twice()
    {
        _quiet = new QuietReads.Count(2, 1);
        TakesAway(() => (_calls["client|no-touch"], _quiet) = (3, new QuietReads.Count(3, 0)), "NO-TOUCH");
    }

    [Fact]
    public void A_client_that_hides_its_uses_is_in_the_way_until_it_is_gone()
    {
        _hidden = "the client 10.0.0.1:99 hides its uses (CLIENT NO-TOUCH)";
        Look();
        Wait(1);
        Assert.Null(_evidence.SecondOf(_time.GetTimestamp(), out var why));
        Assert.Equal(_hidden, why);
        _hidden = null;
        Look();
        Wait(1);
        Assert.Null(_evidence.SecondOf(_time.GetTimestamp(), out _));
        _hidden = "";
        Look();
        Wait(1);
        Assert.NotNull(_evidence.SecondOf(_time.GetTimestamp(), out _));
    }

    [Theory]
    [InlineData("id=3 addr=10.0.0.1:5 name= flags=N db=0", "")]
    [InlineData("id=3 addr=10.0.0.1:5 name=app flags=T db=0", "10.0.0.1:5")]
    [InlineData("id=3 addr=10.0.0.1:5 name=keyferry:run:source:lane0 flags=T db=0", "")]
    [InlineData("id=3 addr=10.0.0.1:5 name=keyferry:other:source:lane0 flags=T db=0", "10.0.0.1:5")]
    [InlineData("id=3 addr=10.0.0.1:5 name=keyferry:run:source:capture flags=Pt db=0", "")]
    public void Clients_that_hide_are_found_in_the_list(string line, string address)
    {
        var found = SourceWatch.HiddenIn($"id=1 addr=10.0.0.9:1 name= flags=N\n{line}\n", "keyferry:run:source:");
        Assert.Equal(address.Length == 0, found.Length == 0);
        Assert.Contains(address, found, StringComparison.Ordinal);
    }

    /// <summary>After something has happened, nothing is proved for the time before; for the time after it is, once it is over.</summary>
    private void TakesAway(Action happens, string why)
    {
        Look();
        Wait(1);
        _since = _time.GetTimestamp();
        Wait(1);
        Look();
        Assert.NotNull(_evidence.SecondOf(_since, out _));
        happens();
        Look();
        Assert.Null(_evidence.SecondOf(_since, out var told));
        Assert.Contains(why, told, StringComparison.Ordinal);
        Wait(1);
        Look();
        Assert.Null(_evidence.SecondOf(_since, out told));
        Assert.Contains(why, told, StringComparison.Ordinal);
    }

    private void Wait(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private void Look()
    {
        var asked = _time.GetTimestamp();
        _time.Advance(_took);
        var micros = (ServerStart * 1_000_000) + (long)(_time.GetElapsedTime(0) - Start + _ahead).TotalMicroseconds;
        _info["server_time_usec"] = micros.ToString(CultureInfo.InvariantCulture);
        var now = _time.GetTimestamp();
        _evidence.Look(
            new IdleLook(
                ServerIdentity.Parse(string.Join("\r\n", _info.Select(static pair => $"{pair.Key}:{pair.Value}"))),
                _told is null ? null : new Dictionary<string, long>(_told)
            )
            {
                Asked = asked,
                Answered = now,
                Ended = now,
                QuietBefore = _quiet,
                QuietAfter = _quiet,
                HiddenClients = _hidden,
            }
        );
    }

    private TimeSpan Start { get; } = new FakeTimeProvider().GetElapsedTime(0);
}
