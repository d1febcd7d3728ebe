using System.Text;
using System.Text.Json;

namespace Keyferry.Integration.Costs;

/// <summary>
/// What a key may cost, from <c>budgets.json</c> beside this file: for each piece of work and each figure what was measured when it was recorded, and
/// how much is allowed.
/// </summary>
/// <remarks>
/// <c>KEYFERRY_WRITE_BUDGETS=1</c> records what the tests measure. Do that when a rise is wanted, or when something has become cheaper, so that the
/// next rise is seen; the difference shows in review.
/// </remarks>
internal static class CostBudget
{
    /// <summary>Margins by figure: those that depend on how reads and writes fall together vary between runs, the others hardly do.</summary>
    private static readonly Dictionary<string, double> _margins = new(StringComparer.Ordinal)
    {
        ["allocated bytes"] = 0.5,
        ["sends"] = 1,
        ["receives"] = 1,
    };

    /// <summary>Below this much per key, a rise is noise, whatever its share.</summary>
    private static readonly Dictionary<string, double> _grains = new(StringComparer.Ordinal)
    {
        ["allocated bytes"] = 8,
        ["sends"] = 0.02,
        ["receives"] = 0.05,
    };

    private static readonly JsonSerializerOptions _json = new() { WriteIndented = true };

    private static readonly Lock _writing = new();

    /// <summary>Fails with every figure of the work when one of them is above what is allowed.</summary>
    public static void Check(string work, SortedDictionary<string, double> measured)
    {
        if (Environment.GetEnvironmentVariable("KEYFERRY_WRITE_BUDGETS") == "1")
        {
            Record(work, measured);
        }

        var (table, risen) = Compare(measured, Read().GetValueOrDefault(work) ?? []);
        var text = $"What a key costs, {work}:\n{table}";
        TestContext.Current.TestOutputHelper?.WriteLine(text);
        Assert.True(risen.Count == 0, $"{string.Join(", ", risen)}: more than the budget allows.\n{text}\n{Advice}");
    }

    private const string Advice =
        "Where the rise is wanted, KEYFERRY_WRITE_BUDGETS=1 records the new figures in tests/Keyferry.Integration/Costs/budgets.json.";

    /// <summary>The figures beside their budget, and the names of those that have risen above it or have none.</summary>
    internal static (string Table, IReadOnlyList<string> Risen) Compare(
        SortedDictionary<string, double> measured,
        SortedDictionary<string, Allowance> budget
    )
    {
        var table = new StringBuilder();
        List<string> risen = [];
        foreach (var (figure, value) in measured)
        {
            var allowance = budget.GetValueOrDefault(figure);
            var sound = allowance is not null && value <= allowance.Allowed;
            var row = FormattableString.Invariant(
                $"{(sound ? " " : "!")} {figure, -30} {value, 12:0.####}   recorded {allowance?.Measured, 12:0.####}   allowed {allowance?.Allowed, 12:0.####}"
            );
            table.AppendLine(row);
            if (!sound)
            {
                risen.Add(figure);
            }
        }

        return (table.ToString(), risen);
    }

    private static Allowance Allow(string figure, double measured) =>
        new(
            measured,
            Math.Round(
                measured + Math.Max(Math.Abs(measured) * _margins.GetValueOrDefault(figure, 0.05), _grains.GetValueOrDefault(figure, 0.02)),
                4
            )
        );

    private static void Record(string work, SortedDictionary<string, double> measured)
    {
        lock (_writing)
        {
            var budgets = Read();
            budgets[work] = new(
                measured.ToDictionary(static row => row.Key, static row => Allow(row.Key, row.Value)),
                StringComparer.Ordinal
            );
            File.WriteAllText(FilePath(), JsonSerializer.Serialize(budgets, _json) + "\n");
        }
    }

    private static SortedDictionary<string, SortedDictionary<string, Allowance>> Read() =>
        File.Exists(FilePath())
            ? JsonSerializer.Deserialize<SortedDictionary<string, SortedDictionary<string, Allowance>>>(File.ReadAllText(FilePath())) ?? []
            : [];

    private static string FilePath()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Keyferry.slnx")))
        {
            folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests do not run within the repository.");
        }

        return Path.Combine(folder.FullName, "tests", "Keyferry.Integration", "Costs", "budgets.json");
    }
}

/// <summary>One line of the budget, per key.</summary>
/// <param name="Measured">What it was when it was recorded.</param>
/// <param name="Allowed">What it may be.</param>
internal sealed record Allowance(double Measured, double Allowed);
