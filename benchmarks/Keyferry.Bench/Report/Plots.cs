using ScottPlot;

namespace Keyferry.Bench.Report;

/// <summary>The plots of the page, as SVG.</summary>
internal static class Plots
{
    private const int Width = 800;
    private const int Height = 380;

    /// <summary>Draws what belongs to a section and returns the names of the files.</summary>
    public static IReadOnlyList<string> Of(string name, Section section, string folder) =>
        name switch
        {
            "snapshot" =>
            [
                Bars("snapshot-seconds.svg", "Snapshot, seconds", section, folder, "seconds"),
                Bars("snapshot-cpu.svg", "Snapshot, processor seconds", section, folder, "tool CPU s", "source CPU s", "target CPU s"),
                Bars("snapshot-memory.svg", "Snapshot, peak memory of the tool in MiB", section, folder, "tool peak MiB"),
            ],
            "verify" => [Bars("verify-seconds.svg", "Verify, seconds", section, folder, "seconds")],
            "live-copying" => [Bars("live-copying.svg", "Lag during the first copy, ms", section, folder, "lag p50 ms", "lag p99 ms")],
            "live-following" => [Lags("live-lag.svg", section, folder)],
            _ => [],
        };

    private static string Bars(string file, string title, Section section, string folder, params string[] figures)
    {
        using var plot = new Plot();
        var palette = plot.Add.Palette;
        var rows = section.Rows.Where(row => figures.Any(row.Figures.ContainsKey)).ToList();
        const double group = 0.8;
        var width = group / figures.Length;
        for (var f = 0; f < figures.Length; f++)
        {
            for (var r = 0; r < rows.Count; r++)
            {
                if (rows[r].Median(figures[f]) is not { } median)
                {
                    continue;
                }

                var values = rows[r].Figures[figures[f]];
                var bar = new Bar
                {
                    Position = r - (group / 2) + (width * (f + 0.5)),
                    Value = median,
                    Size = width * 0.9,
                    FillColor = palette.GetColor(f),
                    Error = (values.Max() - values.Min()) / 2,
                    Label = median.ToString(median < 10 ? "0.0" : "#,0"),
                };
                plot.Add.Bar(bar);
            }
        }

        plot.Axes.Bottom.SetTicks(
            [.. Enumerable.Range(0, rows.Count).Select(static r => (double)r)],
            [.. rows.Select(static row => row.Name)]
        );
        plot.Axes.Margins(bottom: 0, top: 0.2);
        if (figures.Length > 1)
        {
            plot.Legend.ManualItems.AddRange(
                figures.Select((figure, f) => new LegendItem { LabelText = figure, FillColor = palette.GetColor(f) })
            );
            plot.ShowLegend(Edge.Right);
        }

        return Save(plot, title, folder, file);
    }

    /// <summary>The 99th percentile of the lag over the rate that the writer reached, one line a contender; the lag on a logarithmic axis.</summary>
    private static string Lags(string file, Section section, string folder)
    {
        using var plot = new Plot();
        foreach (var contender in section.Rows.GroupBy(static row => row.Name.Split(" at ")[0]))
        {
            var points = contender.Select(static row => (Rate: row.Median("writes/s") ?? 0, Lag: row.Median("lag p99 ms") ?? 0)).ToList();
            var line = plot.Add.Scatter(
                points.Select(static point => point.Rate).ToArray(),
                points.Select(static point => Math.Log10(Math.Max(point.Lag, 0.1))).ToArray()
            );
            line.LegendText = contender.Key;
        }

        plot.Axes.Left.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic
        {
            MinorTickGenerator = new ScottPlot.TickGenerators.LogMinorTickGenerator(),
            IntegerTicksOnly = true,
            LabelFormatter = static power => $"{Math.Pow(10, power):#,0.##}",
        };
        plot.XLabel("writes a second");
        plot.YLabel("lag p99, ms");
        plot.ShowLegend(Edge.Right);
        return Save(plot, "Lag while following, by the rate of writes", folder, file);
    }

    private static string Save(Plot plot, string title, string folder, string file)
    {
        plot.Title(title);
        plot.SaveSvg(Path.Combine(folder, file), Width, Height);
        return file;
    }
}
