using System.Text.Json;
using System.Text.RegularExpressions;
using Keyferry.Cli.Output;
using Keyferry.Cli.Report;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Tests.Report;

public sealed partial class ReportFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-report-").FullName;
    private readonly Bench _bench = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Every_run_leaves_a_report_and_says_where()
    {
        Assert.Equal(0, await _bench.RunAsync("migrate", "a:1", "b:2", "--work-dir", "here"));
        var (folder, file) = Assert.Single(_bench.Reports);
        Assert.Equal("here", folder);
        Assert.Equal("equal", file.Report.Verdict);
        Assert.NotEmpty(file.History.ElapsedSeconds);
        Assert.Contains("here/reports/k3f9/report.html", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_that_cannot_be_written_changes_no_verdict()
    {
        _bench.NoReports = new IOException("No space left on device");
        Assert.Equal(0, await _bench.RunAsync("migrate", "a:1", "b:2"));
        Assert.Contains("could not be written: No space left on device", _bench.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_named_only_when_asked_for()
    {
        _bench.Migration.Report = Examples.Report(Verdict.Different);
        await _bench.RunAsync("migrate", "a:1", "b:2");
        await _bench.RunAsync("migrate", "a:1", "b:2", "--show-keys");
        Assert.DoesNotContain("secret:", ReportPage.Of(_bench.Reports[0].File), StringComparison.Ordinal);
        Assert.Contains("secret:Missing", ReportPage.Of(_bench.Reports[1].File), StringComparison.Ordinal);
    }

    [Fact]
    public void Both_files_say_the_same_and_are_their_owners_alone()
    {
        var page = ReportFolder.Write(_folder, File());
        Assert.Equal(Path.Combine(_folder, "reports", "k3f9", "report.html"), page);
        var json = Path.Combine(_folder, "reports", "k3f9", "report.json");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(page));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(json));
        }

        using var alone = JsonDocument.Parse(System.IO.File.ReadAllText(json));
        using var inside = JsonDocument.Parse(Data().Match(System.IO.File.ReadAllText(page)).Groups["json"].Value);
        Assert.True(JsonElement.DeepEquals(alone.RootElement, inside.RootElement));
    }

    [Fact]
    public void A_page_needs_nothing_else_and_nothing_in_it_can_end_the_data()
    {
        var nasty = Examples.Report(Verdict.NotProved) with { Reasons = ["</script><script>alert(1)</script><!--"] };
        var page = ReportPage.Of(ReportMapping.Of(nasty, new RunHistory(), showKeys: false, Examples.At));
        Assert.DoesNotContain("alert(1)</script>", page, StringComparison.Ordinal);
        Assert.DoesNotMatch("(src|href)=", page);
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Rates_of_the_way_back_are_those_of_its_own_counters()
    {
        var history = new RunHistory();
        for (var second = 1; second <= 60; second++)
        {
            var isBack = second is > 40 and < 60;
            history.Take(
                Examples.Following with
                {
                    Elapsed = TimeSpan.FromSeconds(second),
                    BackSince = isBack ? TimeSpan.FromSeconds(40) : null,
                    Changes = isBack ? (second - 40) * 300 : Math.Min(second, 40) * 1_000,
                }
            );
        }

        var rates = ReportMapping.Of(Examples.Report(Verdict.Equal), history, showKeys: false, Examples.At).History.ChangesPerSecond;
        Assert.Equal([.. Enumerable.Repeat(1_000.0, 40), .. Enumerable.Repeat(300.0, 19), 0], rates);
    }

    [Fact]
    public void Every_phase_has_a_colour_on_the_timeline()
    {
        var page = ReportPage.Of(File());
        var palette = Palette().Match(page).Value;
        var styles = page[..page.IndexOf("</style>", StringComparison.Ordinal)];
        foreach (var phase in Enum.GetValues<Phase>().Select(JsonMapping.Word))
        {
            var color = Regex.Match(palette, $"[ {{]'?{phase}'?: '(--[a-z]+)'", RegexOptions.None, TimeSpan.FromSeconds(1)).Groups[1].Value;
            Assert.True(color.Length > 0, $"{phase} has no colour");
            Assert.Contains($"{color}:", styles, StringComparison.Ordinal);
        }
    }

    private static JsonReportFile File()
    {
        var history = new RunHistory();
        history.Take(Examples.Copying);
        history.Take(Examples.Proving);
        history.Take([new RunEvent.PhaseEntered(Examples.At, Phase.Copying, "copying every key")]);
        return ReportMapping.Of(Examples.Report(Verdict.Equal), history, showKeys: false, Examples.At);
    }

    [GeneratedRegex(
        "<script id=\"data\" type=\"application/json\">(?<json>.*?)</script>",
        RegexOptions.Singleline,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex Data();

    [GeneratedRegex("const palette = .*?;", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Palette();
}
