using System.Text;
using Keyferry.Capture;

namespace Keyferry.Contracts;

/// <summary>What every capture must do, on a real server and on a simulated one: a change that was made before it is asked to catch up is marked by then, or a gap is noted that
/// covers it. One that was noted before the change does not, so that a capture that only polls has to say each time anew that everything may have changed.</summary>
public abstract class CaptureContract
{
    /// <summary>Every capture there is.</summary>
    public static TheoryData<string> Captures => [.. CaptureUnderTest.Names];

    /// <summary>One write of each kind that the servers know, to the key <c>k</c>.</summary>
    private protected virtual IReadOnlyList<string> Writes =>
        ["SET k v", "RPUSH k v", "SADD k v", "ZADD k 1 v", "HSET k f v", "XADD k * f v", "INCR k", "MSET k 1 l 2"];

    /// <summary>Runs a test with a server of its own.</summary>
    private protected abstract Task OnServerAsync(Func<ICaptureBench, Task> test);

    [Theory]
    [MemberData(nameof(Captures))]
    public Task Every_kind_of_write_is_heard(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                foreach (var write in Writes)
                {
                    await stage.SayAsync("DEL k");
                    await stage.CatchUpAsync();
                    var before = stage.Heard.Now;
                    await stage.SayAsync(write);
                    await stage.AssertHeardAsync(before, "k");
                }
            }
        );

    [Theory]
    [MemberData(nameof(Captures))]
    public Task A_delete_an_expiry_and_both_names_of_a_rename_are_heard(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                await stage.SayAsync("SET gone v");
                await stage.SayAsync("SET old v");
                await stage.SayAsync("SET short v PX 50");
                await stage.CatchUpAsync();
                var before = stage.Heard.Now;
                await stage.SayAsync("DEL gone");
                await stage.SayAsync("RENAME old new");
                await stage.Bench.PassAsync(TimeSpan.FromMilliseconds(100));
                // Whoever asks for it makes the server delete it, if it has not been deleted by then.
                await stage.SayAsync("EXISTS short");
                await stage.AssertHeardAsync(before, "gone", "old", "new", "short");
            }
        );

    [Theory]
    [MemberData(nameof(Captures))]
    public Task Keys_of_any_bytes_are_heard_whole(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                byte[] name = [0, 255, (byte)'\r', (byte)'\n', (byte)':', (byte)'_', (byte)'_', (byte)':', (byte)'@', 1];
                var before = stage.Heard.Now;
                await stage.Bench.ExecuteAsync("SET"u8.ToArray(), name, "v"u8.ToArray());
                await stage.CatchUpAsync();
                Assert.True(stage.Heard.Covers(before, name));
            }
        );

    [Theory]
    [MemberData(nameof(Captures))]
    public Task Thousands_of_changes_are_all_heard_once_it_has_caught_up(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                var before = stage.Heard.Now;
                await Task.WhenAll(Enumerable.Range(0, 5_000).Select(i => stage.SayAsync($"SET many:{i} v")));
                await stage.AssertHeardAsync(before, [.. Enumerable.Range(0, 5_000).Select(static i => $"many:{i}")]);
                // On a machine that is busy with something else a real server may be late by itself.
                Assert.True(
                    !stage.Bench.IsUndisturbed || !stage.Capture.Listens || stage.Heard.Losses.Count == 0,
                    string.Join("; ", stage.Heard.Losses)
                );
            }
        );

    [Theory]
    [MemberData(nameof(Captures))]
    public Task What_happens_while_the_connection_is_lost_is_heard_or_said_to_be_missed(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                await stage.Bench.CutAsync();
                var before = stage.Heard.Now;
                await stage.SayAsync("SET blind v");
                await stage.AssertHeardAsync(before, "blind");
                before = stage.Heard.Now;
                await stage.SayAsync("SET after v");
                await stage.AssertHeardAsync(before, "after");
            }
        );

    /// <summary>What a run proves the capture by, before anything is copied.</summary>
    [Theory]
    [MemberData(nameof(Captures))]
    public Task A_key_of_our_own_comes_through(string capture) =>
        OnAsync(
            capture,
            async stage =>
            {
                var seen = stage.Capture.SeesAsync("keyferry:{probe}:contract"u8.ToArray(), CancellationToken.None);
                await stage.SayAsync("SET keyferry:{probe}:contract v PX 10000");
                await seen.WaitAsync(TimeSpan.FromSeconds(30), stage.Bench.Time);
            }
        );

    private Task OnAsync(string name, Func<Stage, Task> test) =>
        OnServerAsync(async bench =>
        {
            var heard = new HeardChanges();
            await using var capture = await CaptureUnderTest.CreateAsync(name, bench, heard);
            using var stop = new CancellationTokenSource();
            await capture.ArmAsync(CancellationToken.None);
            var running = capture.RunAsync(stop.Token);
            try
            {
                await test(new Stage(bench, capture, heard));
            }
            finally
            {
                stop.Cancel();
                await running;
            }
        });

    /// <summary>A capture that listens to a server, and what it has said.</summary>
    private sealed record Stage(ICaptureBench Bench, ICapture Capture, HeardChanges Heard)
    {
        public Task SayAsync(string command) => Bench.ExecuteAsync([.. command.Split(' ').Select(Encoding.ASCII.GetBytes)]);

        /// <summary>Time for it is short in no test, but it must come to an end.</summary>
        public Task CatchUpAsync() => Capture.CatchUpAsync(CancellationToken.None).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Bench.Time);

        public async Task AssertHeardAsync(long before, params string[] keys)
        {
            await CatchUpAsync();
            Assert.All(keys, key => Assert.True(Heard.Covers(before, Encoding.ASCII.GetBytes(key)), key));
        }
    }
}
