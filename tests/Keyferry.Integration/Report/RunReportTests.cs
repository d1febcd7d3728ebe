using System.Text.Json;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Report;

/// <summary>What the report of a real run says of it.</summary>
[Trait("Needs", "Program")]
public sealed class RunReportTests
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_tells_the_keys_that_stood_out_the_types_and_the_fenced_time()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await source.CommandAsync("SET", "text", new string('x', 50_000));
        await source.CommandAsync("HSET", "hash", "field", "value");
        await source.CommandAsync("XADD", "stream", "*", "field", "value");
        await source.CommandAsync("EVAL", "for i=1,200000 do redis.call('RPUSH','list',string.rep(i..'-',5)) end", 0);

        await using var run = KeyferryProgram.Start([
            .. (string[])["migrate", source.Uri, target.Uri, "--cutover", "when-ready", "--fence-budget", "10s"],
            .. (string[])["--switch-hook", "/bin/true", "--show-keys", "--large-value", "1mb"],
        ]);
        Assert.True(await run.EndAsync(Budget) == 0, run.Output);

        var file = Assert.Single(Directory.GetFiles(run.Folder, "report.json", SearchOption.AllDirectories));
        using var parsed = JsonDocument.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
        var report = parsed.RootElement.GetProperty("report");
        string?[] Names(string list) =>
            [.. report.GetProperty(list).EnumerateArray().Select(static key => key.GetProperty("key").GetString())];

        Assert.Equal(["list", "text"], Names("biggestKeys").Take(2));
        Assert.Contains("list", Names("slowestKeys"));
        Assert.Equal("list", report.GetProperty("biggestKeys")[0].GetProperty("type").GetString());
        Assert.True(report.GetProperty("biggestKeys")[0].GetProperty("bytes").GetInt64() > 1_000_000, report.ToString());
        Assert.Equal(
            "hash 1, list 1, stream 1, string 1",
            string.Join(
                ", ",
                report
                    .GetProperty("writtenByType")
                    .EnumerateObject()
                    .Select(static pair => $"{pair.Name} {pair.Value}")
                    .Order(StringComparer.Ordinal)
            )
        );
        Assert.InRange(report.GetProperty("cutover").GetProperty("fencedMs").GetDouble(), 0.1, 10_000);
        Assert.Equal(4, report.GetProperty("verify").GetProperty("compared").GetInt64());
        Assert.Contains(
            "switching",
            parsed
                .RootElement.GetProperty("events")
                .EnumerateArray()
                .Select(static one => one.TryGetProperty("phase", out var phase) ? phase.GetString() : "")
        );
    }
}
