using System.Globalization;
using System.Text;

namespace Keyferry.Bench.Report;

/// <summary>The page <c>benchmarks.md</c> with its tables and plots, made from the results; sections that were not measured now come from the run before.</summary>
internal sealed class BenchReport
{
    /// <summary>The sections in the order of the page: title, and what a reader should know of it.</summary>
    private static readonly (string Name, string Title, string About)[] Order =
    [
        (
            "snapshot",
            "Snapshot",
            "Time from the start of the tool to its end, connecting and the report included; of REPLICAOF, from the command to `master_link_status:up`. "
                + "`× native` is the ratio within one run."
        ),
        (
            "verify",
            "Verify",
            "Both sides compared in both directions, values by digests that the servers compute. `× its snapshot`: within one run."
        ),
        ("rescan", "Rescan after a gap", "What a lost capture connection costs. To be compared with the snapshot."),
        (
            "live-copying",
            "Lag while the first copy runs",
            "The lag is measured from outside: a client writes a rising number at the source every 20 ms and watches the target. "
                + "A replica under REPLICAOF has nothing until its whole copy is loaded, so its lag is that of the copy. "
                + "`scan lag` is that of what was written after the tool had begun to copy; in the others its start counts, half a second of the ordinary build."
        ),
        (
            "live-following",
            "Lag while following, at rising rates",
            "`bounded` is the part of the runs in which the last quarter of a step was less than a second behind (median) and the writer reached 95 % of its rate. "
                + "Writer, both servers and the tool share the machine, so the writer itself is held back at the highest rates."
        ),
        (
            "large",
            "A large list that changes all the time",
            "`moves of the list` is how often it was moved whole during that time; the lag is that of another key."
        ),
        (
            "cutover",
            "Cutover",
            "`clients waited` is the time from the last write that the source accepted until the switch hook runs, taken by a client that writes once a millisecond and by "
                + "the hook; `keyferry cutover` first waits until every key has been compared since it was last moved, which is most of the time to the switch. `equal` is 1 where the "
                + "servers' own digests of both sides (DEBUG DIGEST) are the same after the switch."
        ),
        (
            "size",
            "Ten times as many keys",
            "What a key costs the tool, and its peak memory, are to stay the same. The servers take longer for a key where all of them do not fit the processor's caches; REPLICAOF shows how much."
        ),
        ("start", "Start and idle memory", "The ordinary build needs the .NET runtime besides; the native one is one file."),
    ];

    private readonly string _folder;
    private readonly string _data;

    /// <param name="folder">Where the page is; the plots and the raw results are in <c>benchmarks</c> below it.</param>
    public BenchReport(string folder)
    {
        _folder = folder;
        _data = Path.Combine(folder, "benchmarks");
        Directory.CreateDirectory(_data);
        Results = Results.Read(Path.Combine(_data, "results.json"));
    }

    public Results Results { get; }

    /// <summary>Writes the raw results, the plots and the page.</summary>
    public void Write()
    {
        Results.Write(Path.Combine(_data, "results.json"));
        var page = new StringBuilder();
        page.AppendLine("# Benchmarks");
        page.AppendLine();
        page.AppendLine(
            "Written by `./bench`; the raw figures are in [results.json](benchmarks/results.json). Each figure is the median of the runs, with"
        );
        page.AppendLine(
            "the smallest and the largest in brackets. Contenders take turns within a run, each with a fresh target. Everything shares one"
        );
        page.AppendLine(
            "machine: quote ratios rather than seconds, and processor time rather than either where the load was high. In the plots"
        );
        page.AppendLine("a bar is the median, and the line on it as long as the spread.");
        page.AppendLine();
        page.AppendLine("| machine | |");
        page.AppendLine("| --- | --- |");
        foreach (var (what, how) in Results.Machine)
        {
            page.AppendLine($"| {what} | {how} |");
        }

        foreach (var (name, title, about) in Order)
        {
            if (Results.Sections.TryGetValue(name, out var section))
            {
                Add(page, name, title, about, section);
            }
        }

        AddMicro(page);
        File.WriteAllText(Path.Combine(_folder, "benchmarks.md"), page.ToString());
    }

    private void Add(StringBuilder page, string name, string title, string about, Section section)
    {
        page.AppendLine();
        page.AppendLine($"## {title}");
        page.AppendLine();
        page.AppendLine(section.What + ".");
        page.AppendLine(about);
        page.AppendLine();
        var load = string.Join(
            " at the beginning, ",
            section.Load.Select(static load => load.ToString("0.0", CultureInfo.InvariantCulture))
        );
        page.AppendLine($"Measured {section.When} UTC; load average of the machine (1 min, own work included) {load} at the end.");
        page.AppendLine();
        var columns = section.Rows.SelectMany(static row => row.Figures.Keys).Distinct().ToList();
        page.AppendLine($"| | runs | {string.Join(" | ", columns)} |");
        page.AppendLine($"| --- | ---: |{string.Concat(columns.Select(static _ => " ---: |"))}");
        foreach (var row in section.Rows)
        {
            var runs = row.Figures.Values.Max(static values => values.Count);
            page.AppendLine($"| {row.Name} | {runs} | {string.Join(" | ", columns.Select(column => Cell(row, column)))} |");
        }

        foreach (var plot in Plots.Of(name, section, _data))
        {
            page.AppendLine();
            page.AppendLine($"![{title}](benchmarks/{plot})");
        }
    }

    private static string Cell(Row row, string column)
    {
        if (!row.Figures.TryGetValue(column, out var values))
        {
            return "";
        }

        if (column == "bounded")
        {
            return $"{values.Sum():0} of {values.Count}";
        }

        var median = Quantity(Statistics.Median(values));
        return values.Count == 1 ? median : $"{median} ({Quantity(values.Min())}–{Quantity(values.Max())})";
    }

    private static string Quantity(double value) =>
        value.ToString(
            Math.Abs(value) switch
            {
                >= 1000 => "#,0",
                >= 100 => "0",
                >= 10 => "0.0",
                _ => "0.00",
            },
            CultureInfo.InvariantCulture
        );

    /// <summary>The micro-benchmarks' own table, where they were run.</summary>
    private void AddMicro(StringBuilder page)
    {
        var file = Path.Combine(_data, "micro.md");
        if (File.Exists(file))
        {
            page.AppendLine();
            page.AppendLine("## Micro-benchmarks");
            page.AppendLine();
            page.AppendLine("By BenchmarkDotNet (`./bench --micro`); an operation is one key.");
            page.AppendLine();
            page.Append(File.ReadAllText(file));
        }
    }
}
