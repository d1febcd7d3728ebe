using System.Text.Json;

namespace Keyferry.Bench.Report;

/// <summary>Everything measured, kept as <c>results.json</c> beside the plots: a scenario that is run again replaces its own section only.</summary>
public sealed class Results
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true };

    /// <summary>The machine and what is on it, by name.</summary>
    public Dictionary<string, string> Machine { get; set; } = new(StringComparer.Ordinal);

    /// <summary>The sections by the name of their scenario.</summary>
    public SortedDictionary<string, Section> Sections { get; init; } = new(StringComparer.Ordinal);

    /// <summary>Reads the file, or begins anew where there is none.</summary>
    public static Results Read(string file) =>
        File.Exists(file) ? JsonSerializer.Deserialize<Results>(File.ReadAllText(file), Json) ?? new Results() : new Results();

    /// <summary>Writes the file.</summary>
    public void Write(string file) => File.WriteAllText(file, JsonSerializer.Serialize(this, Json) + "\n");
}
