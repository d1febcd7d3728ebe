using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Keyferry.Cli.Output;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using StackExchange.Redis;

namespace Keyferry.Integration.Versions;

/// <summary>Very large values: Keyferry's memory and the source's patience have bounds that do not depend on them.</summary>
[Trait("Category", "Long")]
public sealed class LargeTests
{
    private const int Members = 5_000_000;
    private const int StringBytes = 400 << 20;
    private const long MostResident = 256_000_000;
    private static readonly TimeSpan _slowest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task A_sorted_set_of_five_million_members_and_a_string_of_400_MB()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await FillAsync(left.Database());
        await MigrateAsync(source, target, left.Server);

        Assert.Equal(Members, await right.Database().SortedSetLengthAsync("zset"));
        Assert.Equal(StringBytes, await right.Database().StringLengthAsync("string"));
    }

    [Fact]
    public async Task Values_of_all_types_with_elements_of_4_MB()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var left = await ServerLink.ConnectAsync(source.Uri);
        await using var right = await ServerLink.ConnectAsync(target.Uri);
        await FillWithLargeElementsAsync(left.Database());
        await MigrateAsync(source, target, left.Server);

        Assert.Equal(5, await right.KeyCountAsync());
    }

    /// <summary>Copies everything, within the bounds.</summary>
    private static async Task MigrateAsync(RedisServer source, RedisServer target, IServer watched)
    {
        await watched.ConfigSetAsync("slowlog-log-slower-than", (long)_slowest.TotalMicroseconds);
        await watched.SlowlogResetAsync();
        // A database server has its machine to itself. Here others may keep it from the processor in the midst of a command, and the slow log would tell of them.
        GoFirst(source);

        await using var run = KeyferryProgram.Start("migrate", source.Uri, target.Uri, "--mode", "snapshot");
        var ended = run.EndAsync(_patience);
        var resident = 0L;
        while (!ended.IsCompleted)
        {
            resident = Math.Max(resident, run.PeakResidentBytes);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TestContext.Current.CancellationToken);
        }

        Assert.True(await ended == ExitCodes.Ok, run.Output);
        TestContext.Current.SendDiagnosticMessage($"{resident / 1e6:0} MB resident");
        Assert.InRange(resident, 1, MostResident);
        Assert.Empty((await watched.SlowlogGetAsync()).Select(static slow => $"{slow.Duration} {slow.Arguments[0]}"));
    }

    /// <summary>One after the other, and behind a thousand small ones, and before as many.</summary>
    private static async Task FillWithLargeElementsAsync(IDatabase database)
    {
        const int Elements = 50;
        const int Small = 1000;
        for (var i = 1; i <= Elements + (2 * Small); i++)
        {
            var isLarge = i is > Small and <= Small + Elements;
            var element = isLarge ? i.ToString(CultureInfo.InvariantCulture).PadRight(4 << 20, 'x') : $"element {i}";
            await database.ListRightPushAsync("list", element);
            await database.SetAddAsync("set", element);
            await database.HashSetAsync("hash", i, element);
            await database.SortedSetAddAsync("zset", element, i);
            await database.StreamAddAsync("stream", "f", element, $"{i}-0");
        }
    }

    /// <summary>Where that is permitted.</summary>
    private static void GoFirst(RedisServer server)
    {
        try
        {
            using var process = Process.GetProcessById(server.ProcessId);
            process.PriorityClass = ProcessPriorityClass.RealTime;
        }
        catch (Win32Exception)
        {
            TestContext.Current.SendDiagnosticMessage("The source does not come before other processes: its slow log may tell of them.");
        }
    }

    private static async Task FillAsync(IDatabase database)
    {
        const int PerCall = 50_000;
        for (var first = 0; first < Members; first += PerCall)
        {
            await database.ScriptEvaluateAsync(
                "for i=1,ARGV[2] do redis.call('ZADD',KEYS[1],math.random(),'member:'..(ARGV[1]+i)) end",
                ["zset"],
                [first, PerCall]
            );
        }

        await database.StringSetRangeAsync("string", StringBytes - 1, "x");
        for (var part = 0; part < 400; part++)
        {
            await database.StringSetRangeAsync(
                "string",
                (long)part << 20,
                part.ToString(CultureInfo.InvariantCulture).PadRight(100_000, '.')
            );
        }
    }
}
