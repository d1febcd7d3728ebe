using System.Globalization;
using System.Text;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cli.Output;

/// <summary>For people at a terminal: a block of aligned rows that is redrawn in place; events scroll by above it.</summary>
internal sealed class LiveView(TextWriter output, Terminal terminal, TimeProvider time, bool showKeys) : IRunView
{
    private const int BarWidth = 20;
    private const int FactWidth = 16;
    private const string Bold = "\e[1m";
    private const string Yellow = "\e[33m";
    private const string Red = "\e[31m";
    private const string Green = "\e[32m";

    private readonly LiveBlock _block = new(output, terminal);
    private ProgressView? _latest;

    /// <inheritdoc/>
    public TimeSpan Interval => Redrawn;

    /// <summary>How often a block is redrawn.</summary>
    public static TimeSpan Redrawn { get; } = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public void Show(IReadOnlyList<RunEvent> happened)
    {
        Redraw(
            happened.Select(one =>
                _block.Painted(
                    $"{Clock(one.At)}  {EventText.Of(one)}",
                    EventText.LevelOf(one) switch
                    {
                        NoteLevel.Error => Red,
                        NoteLevel.Warning => Yellow,
                        _ => "",
                    }
                )
            )
        );
    }

    /// <inheritdoc/>
    public void Show(ProgressView progress)
    {
        _latest = progress;
        Redraw([]);
    }

    /// <inheritdoc/>
    public void EndProgress()
    {
        _latest = null;
        Redraw([]);
    }

    /// <inheritdoc/>
    public void Show(MigrationReport report) => WriteReport(ReportText.Of(report, showKeys), report.Verdict, output, _block);

    /// <inheritdoc/>
    public void Show(MigrationPlan plan) => output.Write(PlanText.Of(plan, showKeys));

    /// <summary>Writes a report with its verdict in colour.</summary>
    public static void WriteReport(string report, Verdict verdict, TextWriter output, LiveBlock block)
    {
        var word = VerdictText.Word(verdict);
        var paint = verdict switch
        {
            Verdict.Equal => Bold + Green,
            Verdict.Different => Bold + Red,
            _ => Bold + Yellow,
        };
        output.Write($"{Environment.NewLine}{block.Painted(word, paint)}{report[word.Length..]}");
    }

    /// <summary>The time of day, UTC.</summary>
    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>The rows of the block, not cut and not coloured.</summary>
    public static IReadOnlyList<string> RowsOf(ProgressView view, DateTimeOffset at)
    {
        var head = new StringBuilder(Clock(at)).Append($"  {StatusRow.Where(view)}   running for {Quantity.Duration(view.Now.Elapsed)}");
        if (view.Now.Held is { } reason)
        {
            head.Append("   held: ").Append(reason);
        }

        var rows = new List<string> { head.ToString() };
        foreach (var row in StatusRow.Of(view))
        {
            rows.Add(
                row.Label == StatusRow.Copy
                    ? $"  {row.Label, -9}{Bar(view)}  {string.Join("   ", row.Facts)}"
                    : Aligned(row.Label, row.Facts)
            );
        }

        return rows;
    }

    /// <summary>A row of a block: the label and the facts, in columns.</summary>
    public static string Aligned(string label, IReadOnlyList<string> facts) =>
        $"  {label, -9}"
        + string.Concat(facts.Select((fact, index) => index == facts.Count - 1 ? fact : fact.PadRight(FactWidth - 2) + "  "));

    private static string Bar(ProgressView view)
    {
        var now = view.Now;
        var share = now.CopyDone ? 1 : Math.Clamp(now.Scanned / (double)Math.Max(1, now.ScanTotal), 0, 0.99);
        var full = (int)(share * BarWidth);
        return new string('█', full) + new string('░', BarWidth - full);
    }

    private void Redraw(IEnumerable<string> above) =>
        _block.Draw(above, _latest is null ? [] : RowsOf(_latest, time.GetUtcNow()), _latest?.Now.Held is null ? Bold : Yellow);
}
