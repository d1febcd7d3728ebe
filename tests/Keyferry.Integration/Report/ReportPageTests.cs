using Keyferry.Cli.Report;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Verify;
using PuppeteerSharp;
using PuppeteerSharp.Media;

namespace Keyferry.Integration.Report;

/// <summary>The report's page in a real browser: no script error, all charts drawn, nothing cut off, readable in light and in dark.</summary>
[Trait("Category", "Long")]
public sealed class ReportPageTests : IDisposable
{
    private const string Luminances = """
        () => {
          const light = text => {
            const [r, g, b] = text.match(/[\d.]+/g).map(Number).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const style = getComputedStyle(document.body);
          return [light(style.backgroundColor), light(style.color)];
        }
        """;

    private const string EmptyCharts = """
        () => [...document.querySelectorAll('figure')].filter(figure => {
          const canvas = figure.querySelector('canvas');
          if (!canvas || canvas.width < 200) return true;
          const colors = new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.buffer));
          return colors.size < 5;
        }).length
        """;

    private static readonly DateTimeOffset _ended = new(2030, 5, 17, 14, 12, 0, TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-page-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(390, "light")]
    [InlineData(390, "dark")]
    [InlineData(1280, "light")]
    [InlineData(1280, "dark")]
    public async Task It_is_drawn_and_readable(int width, string scheme)
    {
        var path = ReportFolder.Write(_folder, Made());
        await using var browser = await ReportBrowser.LaunchAsync();
        await using var page = await browser.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error.Message);
        page.Console += (_, line) =>
            errors.AddRange(line.Message.Type is ConsoleType.Error or ConsoleType.Warning ? [line.Message.Text] : []);
        page.Request += (_, request) =>
            errors.AddRange(request.Request.Url.StartsWith("file:", StringComparison.Ordinal) ? [] : [request.Request.Url]);
        await page.SetViewportAsync(new ViewPortOptions { Width = width, Height = 900 });
        await page.EmulateMediaFeaturesAsync([new MediaFeatureValue { MediaFeature = MediaFeature.PrefersColorScheme, Value = scheme }]);

        _ = await page.GoToAsync($"file://{path}");
        if (Environment.GetEnvironmentVariable("KEYFERRY_SCREENSHOTS") is { Length: > 0 } shots)
        {
            await page.ScreenshotAsync(Path.Combine(shots, $"report-{width}-{scheme}.png"), new ScreenshotOptions { FullPage = true });
        }

        Assert.Empty(errors);
        Assert.Equal("4", await page.EvaluateExpressionAsync<string>("document.documentElement.dataset.ready"));
        Assert.Equal(0, await page.EvaluateFunctionAsync<int>(EmptyCharts));
        Assert.Equal(3, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('#keys tr').length"));
        Assert.Equal(2, await page.EvaluateExpressionAsync<int>("document.querySelectorAll('#types tr').length"));
        Assert.Contains(
            "187 ms",
            await page.EvaluateExpressionAsync<string>("document.getElementById('tiles').textContent"),
            StringComparison.Ordinal
        );
        Assert.Equal("EQUAL", await page.EvaluateExpressionAsync<string>("document.getElementById('verdict').textContent"));
        Assert.True(
            await page.EvaluateExpressionAsync<int>("document.documentElement.scrollWidth") <= width,
            "something is wider than the screen"
        );
        var light = await page.EvaluateFunctionAsync<double[]>(Luminances);
        Assert.Equal(scheme == "light", light[0] > light[1]);
        Assert.True((light.Max() + 0.05) / (light.Min() + 0.05) >= 7, "too little contrast");
    }

    /// <summary>A run of ten minutes with a gap, a time of waiting and a comparison.</summary>
    private static JsonReportFile Made()
    {
        var (history, now) = (new RunHistory(), new ProgressSnapshot { Phase = Phase.Copying, Elapsed = TimeSpan.Zero });
        for (var second = 1; second <= 600; second++)
        {
            now = now with
            {
                Phase =
                    second < 200 ? Phase.Copying
                    : second < 540 ? Phase.Following
                    : Phase.Proving,
                Elapsed = TimeSpan.FromSeconds(second),
                Written = now.Written + (second < 200 ? 90_000 + (700 * (second % 17)) : 5_000),
                PayloadBytes = now.PayloadBytes + (second < 200 ? 27_000_000 : 900_000),
                Changes = now.Changes + 5_000 + (second % 400),
                ChangesMoved = now.ChangesMoved + 4_800,
                Waiting = second % 90,
                LagP50 = TimeSpan.FromMilliseconds(second < 200 ? 12 : 1),
                LagP99 = TimeSpan.FromMilliseconds((second < 200 ? 80 : 3) + (second % 13)),
                OldestWaiting = TimeSpan.FromMilliseconds(second is > 300 and < 320 ? 4_000 : 20),
                Verified = second < 540 ? 0 : (second - 540) * 600_000,
                VerifyTotal = second < 540 ? 0 : 36_000_000,
                Gaps = second > 300 ? 1 : 0,
                Held = second is > 300 and < 320 ? "target refuses writes: OOM" : null,
            };
            history.Take(now);
        }

        history.Take([
            new RunEvent.PhaseEntered(At(0), Phase.Arming, "switching on what the capture needs"),
            new RunEvent.PhaseEntered(At(1), Phase.Copying, "copying every key"),
            new RunEvent.PhaseEntered(At(200), Phase.Following, "moving changes as they come"),
            new RunEvent.GapOpened(At(300), 1, "the capture's connection to the source was lost: reset by peer", "all keys"),
            new RunEvent.GapClosed(At(330), 1, TimeSpan.FromSeconds(30)),
            new RunEvent.PhaseEntered(At(538), Phase.Draining, "moving what still waits"),
            new RunEvent.PhaseEntered(At(540), Phase.Proving, "comparing both sides"),
            new RunEvent.PhaseEntered(At(600), Phase.Completed, "compared"),
        ]);
        return ReportMapping.Of(Report(now), history, showKeys: false, _ended);
    }

    private static NotableKey Notable(int number, KeyType type, long bytes, double seconds) =>
        new(new KeyId(0, new KeyName(BitConverter.GetBytes(number))), type, bytes, TimeSpan.FromSeconds(seconds));

    private static DateTimeOffset At(int second) => _ended - TimeSpan.FromSeconds(600 - second);

    private static MigrationReport Report(ProgressSnapshot now) =>
        new()
        {
            Verdict = Verdict.Equal,
            RunName = "20300517-140200",
            Source = "Redis 7.0.15 at my-cache.abc123.ng.0001.euw1.cache.amazonaws.com:6379",
            Target = "Valkey 8.1.1 at 127.0.0.1:7002",
            Progress = now,
            Verify = new VerifyResult
            {
                Compared = 18_000_000,
                LookedUp = 17_999_990,
                ByType = new Dictionary<string, long>(StringComparer.Ordinal)
                {
                    ["hash"] = 20_000,
                    ["zset"] = 1_200,
                    ["set"] = 9_000,
                },
            },
            Phases =
            [
                (Phase.Copying, TimeSpan.FromSeconds(199)),
                (Phase.Following, TimeSpan.FromSeconds(338)),
                (Phase.Proving, TimeSpan.FromSeconds(60)),
            ],
            Moved = new MovedKeys(
                new Dictionary<KeyType, long> { [KeyType.Text] = 17_000_000, [KeyType.Hash] = 1_200_000 },
                [Notable(1, KeyType.Hash, 48_000_000, 2.5), Notable(2, KeyType.Text, 9_000_000, 0.4)],
                [Notable(1, KeyType.Hash, 48_000_000, 2.5)]
            ),
            Cutover = new CutoverRecord(_ended, TimeSpan.FromMilliseconds(187), 41, (18_000_000, 17_999_990), 0),
            Leases = ["127.0.0.1:7001: notification flags put back to \"\""],
        };
}
