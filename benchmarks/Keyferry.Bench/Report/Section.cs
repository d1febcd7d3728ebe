using Keyferry.Bench.Running;

namespace Keyferry.Bench.Report;

/// <summary>What one scenario has measured: rows of figures, every figure with one value for each run.</summary>
public sealed class Section
{
    /// <summary>When it was measured, UTC.</summary>
    public required string When { get; init; }

    /// <summary>What was moved, in words.</summary>
    public required string What { get; init; }

    /// <summary>Load averages of the machine over one minute, when the scenario began and when it ended.</summary>
    public double[] Load { get; set; } = [];

    /// <summary>The rows in order.</summary>
    public List<Row> Rows { get; init; } = [];

    /// <summary>Adds the figures of one run to the row of a name.</summary>
    internal void Add(string name, Figures figures)
    {
        if (Rows.Find(row => row.Name == name) is not { } row)
        {
            row = new Row { Name = name };
            Rows.Add(row);
        }

        foreach (var (figure, value) in figures)
        {
            if (!row.Figures.TryGetValue(figure, out var values))
            {
                row.Figures.Add(figure, values = []);
            }

            values.Add(Math.Round(value, 3));
        }
    }
}

/// <summary>One line of a table.</summary>
public sealed class Row
{
    /// <summary>The contender, and the rate where there is one.</summary>
    public required string Name { get; init; }

    /// <summary>For each figure one value a run.</summary>
    public Dictionary<string, List<double>> Figures { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The median of a figure; null where the row has none.</summary>
    internal double? Median(string figure) => Figures.TryGetValue(figure, out var values) ? Statistics.Median(values) : null;
}

/// <summary>Medians and percentiles.</summary>
internal static class Statistics
{
    public static double Median(IReadOnlyCollection<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }

    /// <summary>The smallest value that at least this part of the values do not exceed; 0 where there are none.</summary>
    public static double Percentile(IReadOnlyCollection<double> values, double part) =>
        values.Count == 0 ? 0 : values.Order().ElementAt(Math.Min(values.Count - 1, (int)Math.Ceiling(values.Count * part) - 1));
}
