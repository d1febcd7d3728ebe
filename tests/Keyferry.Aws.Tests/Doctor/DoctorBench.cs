using System.Text.Json;
using Keyferry.AwsDouble.Caches;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>The doctor's findings, as <c>--json</c> writes them.</summary>
internal sealed class DoctorBench : IAsyncDisposable
{
    public CliBench Cli { get; } = new();

    public CacheWorld World => Cli.Bench.Aws.World;

    public async Task<Diagnosed> ExamineAsync(params string[] servers)
    {
        var (code, output, error) = await Cli.RunAsync(["doctor", "--json", .. servers]);
        Assert.True(output.StartsWith('{'), output + error);
        using var json = JsonDocument.Parse(output);
        string Text(JsonElement finding, string name) => finding.GetProperty(name).GetString() ?? "";
        return new Diagnosed(
            code,
            json.RootElement.GetProperty("conclusion").GetString() ?? "",
            [
                .. json
                    .RootElement.GetProperty("findings")
                    .EnumerateArray()
                    .Select(finding => new Found(
                        Text(finding, "code"),
                        Text(finding, "level"),
                        Text(finding, "side"),
                        $"{Text(finding, "saw")} | {Text(finding, "means")} | {Text(finding, "remedy")}"
                    )),
            ]
        );
    }

    public ValueTask DisposeAsync() => Cli.DisposeAsync();
}

internal sealed record Found(string Code, string Level, string Side, string Words);

internal sealed record Diagnosed(int Exit, string Conclusion, IReadOnlyList<Found> Findings)
{
    /// <summary>Asserts that there is a finding of that code and level with all of those words.</summary>
    public void Has(string code, string level, params string[] words)
    {
        var told = string.Join('\n', Findings);
        Assert.True(
            Findings.Any(found =>
                found.Code == code && found.Level == level && words.All(word => found.Words.Contains(word, StringComparison.Ordinal))
            ),
            $"no {code} {level} with {string.Join(", ", words)} in:\n{told}"
        );
    }

    public void HasNot(string code) => Assert.DoesNotContain(Findings, found => found.Code == code);
}
