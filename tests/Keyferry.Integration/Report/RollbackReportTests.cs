using System.Text.Json;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using PuppeteerSharp;

namespace Keyferry.Integration.Report;

/// <summary>The report of a real run that went there and back: one time axis for both ways.</summary>
[Trait("Category", "Long")]
[Trait("Needs", "Program")]
public sealed class RollbackReportTests
{
    private const string Bars = """
        () => [...document.querySelectorAll('#course .row')].flatMap(row => {
          const bar = row.querySelector('.bar').getBoundingClientRect();
          return [...row.querySelectorAll('.bar i')].map(one => {
            const place = one.getBoundingClientRect();
            return [row.querySelector('span').textContent, (place.left - bar.left) / bar.width, (place.right - bar.left) / bar.width];
          });
        }).map(one => ({ row: one[0], from: one[1], until: one[2] }))
        """;

    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Charts_and_bars_go_on_where_the_way_back_begins()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        for (var i = 0; i < 200; i++)
        {
            await source.CommandAsync("SET", $"key:{i}", "1");
        }

        var work = Directory.CreateTempSubdirectory("keyferry-rollback-").FullName;
        await using var run = KeyferryProgram.Start([
            .. (string[])["migrate", source.Uri, target.Uri, "--work-dir", work, "--interval", "1s", "--cutover", "manual"],
            .. (string[])["--fence-budget", "10s", "--switch-hook", "/bin/true", "--reverse-window", "1h"],
        ]);
        await run.WaitForAsync("phase following", Budget);
        await Task.Delay(TimeSpan.FromSeconds(3), Stop);
        await AskAsync("cutover", work);
        await run.WaitForAsync("phase reversible", Budget);
        using (var over = new CancellationTokenSource(TimeSpan.FromSeconds(6)))
        {
            for (var i = 0; !over.IsCancellationRequested; i++)
            {
                await target.CommandAsync("SET", $"key:{i % 200}", $"back:{i}");
                await Task.Delay(TimeSpan.FromMilliseconds(10), Stop);
            }
        }

        Assert.Contains($"{target.Endpoint} to {source.Endpoint}, pid", await AskAsync("status", work), StringComparison.Ordinal);
        await AskAsync("rollback", work);
        Assert.True(await run.EndAsync(Budget) == 0, run.Output);
        Assert.Contains(
            $"reversible (moving back, from {target.Endpoint} to {source.Endpoint}) | changes ",
            run.Output,
            StringComparison.Ordinal
        );

        var page = Assert.Single(Directory.GetFiles(work, "report.html", SearchOption.AllDirectories));
        await AssertOneAxisAsync(Path.ChangeExtension(page, "json"));
        await AssertBarsLieWithinAsync(page);
        Directory.Delete(work, recursive: true);
    }

    private static async Task AssertOneAxisAsync(string path)
    {
        using var parsed = JsonDocument.Parse(await File.ReadAllTextAsync(path, Stop));
        var file = parsed.RootElement;
        double[] Column(string name) =>
            [.. file.GetProperty("history").GetProperty(name).EnumerateArray().Select(static one => one.GetDouble())];
        var (at, changes) = (Column("elapsedSeconds"), Column("changesPerSecond"));
        Assert.All(at.Zip(at.Skip(1)), static pair => Assert.True(pair.First < pair.Second, $"{pair.Second} s after {pair.First} s"));

        var all = file.GetProperty("report").GetProperty("counters").GetProperty("elapsedSeconds").GetDouble();
        // The last sample is taken a moment after the run has ended.
        Assert.InRange(at[^1], all - 1, all + 1);
        var reversible = file.GetProperty("events")
            .EnumerateArray()
            .First(static one => one.TryGetProperty("phase", out var phase) && phase.GetString() == "reversible")
            .GetProperty("atSeconds")
            .GetDouble();
        Assert.Contains(at.Zip(changes), pair => pair.First > reversible && pair.Second > 20);
        foreach (var held in file.GetProperty("held").EnumerateArray())
        {
            Assert.InRange(held.GetProperty("fromSeconds").GetDouble(), reversible - 2, all + 1);
            Assert.InRange(held.GetProperty("untilSeconds").GetDouble(), held.GetProperty("fromSeconds").GetDouble(), all + 1);
        }
    }

    private static async Task AssertBarsLieWithinAsync(string path)
    {
        await using var browser = await ReportBrowser.LaunchAsync();
        await using var page = await browser.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error.Message);
        await page.SetViewportAsync(new ViewPortOptions { Width = 1280, Height = 900 });
        _ = await page.GoToAsync($"file://{path}");
        Assert.Empty(errors);
        Assert.Equal("4", await page.EvaluateExpressionAsync<string>("document.documentElement.dataset.ready"));
        Assert.Contains(
            ", and brought back to ",
            await page.EvaluateExpressionAsync<string>("document.getElementById('handover').textContent"),
            StringComparison.Ordinal
        );
        Assert.Contains(
            "keys moved back",
            await page.EvaluateExpressionAsync<string>("document.getElementById('tiles').textContent"),
            StringComparison.Ordinal
        );

        var bars = await page.EvaluateFunctionAsync<Bar[]>(Bars);
        Assert.All(bars, static bar => Assert.True(bar.From >= -0.002 && bar.From <= bar.Until && bar.Until <= 1.002, bar.ToString()));
        // No holes: each phase begins where the one before it ends.
        Bar[] phases = [.. bars.Where(static bar => bar.Row == "phase")];
        Assert.InRange(phases[0].From, 0, 0.002);
        Assert.InRange(phases[^1].Until, 0.998, 1.002);
        Assert.All(
            phases.Zip(phases.Skip(1)),
            static pair => Assert.InRange(pair.Second.From, pair.First.Until - 0.002, pair.First.Until + 0.002)
        );
    }

    private static async Task<string> AskAsync(string verb, string work)
    {
        await using var asking = KeyferryProgram.Start(verb, "--work-dir", work);
        Assert.True(await asking.EndAsync(Budget) == 0, asking.Output);
        return asking.Output;
    }

    private sealed record Bar(string Row, double From, double Until);
}
