using Keyferry.Cli.Output;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Faults;

/// <summary>A run killed (SIGKILL) at a chosen moment and gone on with: it says whether the copy goes on or both sides are compared, does what it says, and ends equal.</summary>
[Trait("Needs", "Program")]
public sealed class ResumedCopyTests : IDisposable
{
    private const int Keys = 6000;

    /// <summary>Long names, so that SCAN is not far ahead of what is on the target: only what is there makes a place certain.</summary>
    private static readonly string Prefix = new('k', 200);

    private static readonly TimeSpan Budget = TimeSpan.FromMinutes(1);

    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-resumed-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task In_the_copy_it_goes_on_at_the_last_certain_place()
    {
        await using var pair = await StartAsync();
        await KilledAsync(pair, "phase copying", TimeSpan.FromSeconds(4), "--limit-keys", "1000");

        var said = await ResumedAsync(pair);

        Assert.Contains("the copy goes on after ", said, StringComparison.Ordinal);
        Assert.Contains("phase copying: copying every key", said, StringComparison.Ordinal);
        var after = said.Split("the copy goes on after ")[1].Split(" keys")[0].Replace(",", "", StringComparison.Ordinal);
        Assert.InRange(int.Parse(after), 1, Keys - 1);
        // Some 4,000 had been moved; those before that place, which is recorded every second, are compared and not moved again.
        Assert.InRange(await pair.Target.CallsAsync("restore"), Keys, Keys + 2500);
    }

    [Fact]
    public async Task In_the_first_moment_of_the_copy_no_place_is_certain()
    {
        await using var pair = await StartAsync();
        await KilledAsync(pair, "phase copying", TimeSpan.Zero, "--limit-keys", "500");

        var said = await ResumedAsync(pair);

        Assert.Contains("no place of the copy was recorded; both sides are compared", said, StringComparison.Ordinal);
        Assert.Contains("phase copying: nothing is copied again", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_process_of_the_source_knows_no_place_of_the_copy()
    {
        await using var pair = await StartAsync();
        await KilledAsync(pair, "phase copying", TimeSpan.FromSeconds(3), "--limit-keys", "1000");
        await pair.Source.KillAsync();
        await pair.Source.RestartAsync();

        var said = await ResumedAsync(pair);

        Assert.Contains("the source is another process now", said, StringComparison.Ordinal);
        Assert.Contains("both sides are compared, and only what differs is moved", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_copy_both_sides_are_compared()
    {
        await using var pair = await StartAsync();
        await KilledAsync(pair, "phase following", TimeSpan.FromSeconds(2));
        _ = await pair.Source.CommandAsync("DEL", $"{Prefix}1");
        _ = await pair.Source.CommandAsync("SET", $"{Prefix}2", "changed", "EX", 90000);

        var said = await ResumedAsync(pair);

        Assert.Contains("the copy was complete; both sides are compared", said, StringComparison.Ordinal);
        Assert.Contains("gap 1 opened: Keyferry was not running for a while", said, StringComparison.Ordinal);
        Assert.InRange(await pair.Target.CallsAsync("restore"), Keys + 1, Keys + 10);
    }

    /// <summary>Strings that expire are written one by one, so that the target counts each.</summary>
    private static async Task<Pair> StartAsync()
    {
        var source = await RedisServer.StartAsync(ServerKind.Machine, "--appendonly", "yes");
        var target = await RedisServer.StartAsync(ServerKind.Machine);
        _ = await source.CommandAsync(
            "EVAL",
            $"for i = 1, {Keys} do redis.call('SET', ARGV[1] .. i, 'value ' .. i, 'EX', 90000) end",
            0,
            Prefix
        );
        return new Pair(source, target);
    }

    private async Task KilledAsync(Pair pair, string phase, TimeSpan later, params string[] options)
    {
        await using var program = Start(pair, options);
        await program.WaitForAsync(phase, Budget);
        await Task.Delay(later, Stop);
        await program.KillAsync();
    }

    private async Task<string> ResumedAsync(Pair pair)
    {
        await using var program = Start(pair, ["--resume", "--until-idle", "1s"]);
        var code = await program.EndAsync(Budget);
        Assert.True(code == ExitCodes.Ok, program.Output);
        Assert.Equal(await pair.Source.DebugDigestAsync(), await pair.Target.DebugDigestAsync());
        Assert.Equal("", (string?)(await pair.Source.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))[1]);
        return program.Output;
    }

    private KeyferryProgram Start(Pair pair, string[] options) =>
        KeyferryProgram.Start(["migrate", pair.Source.Uri, pair.Target.Uri, "--work-dir", Path.Combine(_folder, "work"), .. options]);

    private sealed record Pair(RedisServer Source, RedisServer Target) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await Source.DisposeAsync();
            await Target.DisposeAsync();
        }
    }
}
