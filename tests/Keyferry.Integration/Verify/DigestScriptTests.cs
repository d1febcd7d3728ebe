using Keyferry.Integration.Servers;
using Keyferry.Verify;

namespace Keyferry.Integration.Verify;

/// <summary>What the servers say of their keys: the same of equal ones, whatever the order of a hash table, and never the same of others.</summary>
public sealed class DigestScriptTests
{
    private const string Long = "1234567890123456789012345678901234567890123456789012345678901234567890";

    private static readonly byte[] _prefix = "keyferry:{"u8.ToArray();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Servers that sort strings as their language does are compared by sums, so both ways are tried on the same values.</summary>
    [Theory]
    [InlineData(ServerKind.Machine, true)]
    [InlineData(ServerKind.Machine, false)]
    [InlineData(ServerKind.Valkey81, true)]
    [InlineData(ServerKind.Redis80, false)]
    public async Task Every_change_of_a_hash_table_shows(ServerKind kind, bool sorted)
    {
        await using var pair = await VerifyPair.StartAsync(kind, kind);
        var fields = string.Join(' ', Enumerable.Range(0, 700).Select(static i => $"f{i} v{i}"));
        var members = string.Join(' ', Enumerable.Range(0, 700).Select(static i => $"m{i}"));
        var backwards = string.Join(' ', Enumerable.Range(0, 700).Reverse().Select(static i => $"m{i}"));
        await pair.OnBothAsync(
            $"HSET wide {fields}\nHSET narrow a 1 b 2 ab {Long}\nSET text x\nSET one 1\nSET two 2\nSET lasting x PXAT 4102444800000"
        );
        await pair.OnSourceAsync($"SADD set {members}");
        await pair.OnTargetAsync($"SADD set {backwards}");
        Assert.Equal(0, await UnequalAsync(pair, sorted));

        (string Plant, string Undo)[] changes =
        [
            ("HSET wide f7 v8", "HSET wide f7 v7"),
            ("HSET wide f7 v8 f8 v7", "HSET wide f7 v7 f8 v8"),
            ("HDEL wide f7", "HSET wide f7 v7"),
            ("HDEL narrow b", "HSET narrow b 2"),
            // The same bytes one after the other, cut at another place.
            ("HDEL narrow a\nHSET narrow a1 b", "HDEL narrow a1\nHSET narrow a 1"),
            ("SREM set m3\nSADD set m700", "SREM set m700\nSADD set m3"),
            ("SREM set m3", "SADD set m3"),
            ("RENAME narrow other", "RENAME other narrow"),
            ("PEXPIREAT lasting 4102444800001", "PEXPIREAT lasting 4102444800000"),
            ("PERSIST lasting", "PEXPIREAT lasting 4102444800000"),
            ("APPEND text y", "SET text x"),
            // What is added up over all keys has to tell whose value is whose.
            ("MSET one 2 two 1", "MSET one 1 two 2"),
        ];
        foreach (var (plant, undo) in changes)
        {
            await pair.OnTargetAsync(plant);
            Assert.True(await UnequalAsync(pair, sorted) > 0, plant);
            await pair.OnTargetAsync(undo);
            Assert.True(await UnequalAsync(pair, sorted) == 0, undo);
        }
    }

    [Fact]
    public async Task Servers_say_whether_they_sort_by_bytes()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);

        var database = pair.SourceClient.GetDatabase();
        var said = (int)await database.ScriptEvaluateAsync(DigestScript.SortsByBytes);

        // Whatever the language that the servers were started in, they are to say what sorting does.
        var sorted = (string?)await database.ScriptEvaluateAsync("local t={'b','A','a','B','-a'} table.sort(t) return table.concat(t)");
        Assert.Equal(sorted == "-aABab" ? 1 : 0, said);
    }

    [Fact]
    public async Task A_source_that_has_been_walked_over_is_not_walked_over_again()
    {
        await using var pair = await VerifyPair.StartAsync(ServerKind.Machine, ServerKind.Machine);
        await pair.OnBothAsync("DEBUG POPULATE 300 both 10");
        await pair.OnTargetAsync("DEBUG POPULATE 9000 surplus 10");
        var (source, target) = (new NameSums(12), new NameSums(12));
        using var suspects = new KeyBatch();
        var walk = new DigestWalk(_prefix, source, target, suspects);

        await Assert.ThrowsAsync<IOException>(async () => await RunAsync(CutAtTheEndOfTheSource));
        Assert.Equal(300, source.Keys);
        Assert.InRange(target.Keys, 0, 9000);
        Assert.True(await RunAsync(static () => ValueTask.CompletedTask));

        Assert.Equal(300, source.Keys);
        Assert.Equal(9300, target.Keys);
        Assert.Equal(0, suspects.Count);

        ValueTask CutAtTheEndOfTheSource() => source.Keys == 300 ? throw new IOException("cut") : ValueTask.CompletedTask;

        async Task<bool> RunAsync(Func<ValueTask> compared)
        {
            await using var link = await LinkAsync(pair);
            var scripts = new DigestScripts(
                await ScriptAsync(link.Source, sorted: true, raw: true, tables: true, summed: false),
                await ScriptAsync(link.Target, sorted: true, raw: true, tables: true, summed: false)
            );
            return await walk.RunAsync(link, scripts, since: "", compared, Stop);
        }
    }

    private static async Task<int> UnequalAsync(VerifyPair pair, bool sorted)
    {
        await using var link = await LinkAsync(pair);
        var unequal = -1;
        foreach (
            var (raw, tables, summed) in ((bool, bool, bool)[])
                [(true, false, false), (false, false, false), (true, true, false), (false, false, true)]
        )
        {
            var scripts = new DigestScripts(
                await ScriptAsync(link.Source, sorted, raw, tables, summed),
                await ScriptAsync(link.Target, sorted, raw, tables, summed)
            );
            var (source, target) = (new NameSums(12), new NameSums(12));
            using var suspects = new KeyBatch();
            var walk = new DigestWalk(_prefix, source, target, suspects);
            Assert.True(await walk.RunAsync(link, scripts, since: "", static () => ValueTask.CompletedTask, Stop));
            Assert.True(source.Keys > 0);
            var here = suspects.Count + source.UnequalTo(target).Count;
            Assert.True(
                unequal < 0 || here == unequal,
                $"{unequal} differ, and {here} where raw is {raw}, tables are moved: {tables}, digests are added up: {summed}"
            );
            unequal = here;
        }

        return unequal;
    }

    private static async Task<ServerScript> ScriptAsync(VerifySide side, bool sorted, bool raw, bool tables, bool summed)
    {
        var text = DigestScript.Text(DigestKind.SamePayload, sorted, raw, tellsExpiry: true, tellsSizes: true, tables, summed);
        var script = await ServerScript.TryCreateAsync(side, text, fenced: false, Stop, "0", 1L, _prefix, "", "");
        Assert.NotNull(script);
        return script;
    }

    private static ValueTask<VerifyLink> LinkAsync(VerifyPair pair) =>
        VerifyLink.OpenAsync(
            VerifyPair.Connector(pair.SourceServer.Endpoint, "source"),
            VerifyPair.Connector(pair.TargetServer.Endpoint, "target"),
            new VerifyOptions { ExactExpiry = true },
            TimeProvider.System,
            Stop
        );
}
