using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Traffic.Comparing;

namespace Keyferry.Integration.Faults;

/// <summary>How a run under faults ended, beside what is the case.</summary>
/// <param name="Report">The run's own report, or <see langword="null"/> where it ended with <paramref name="Failure"/>.</param>
/// <param name="Failure">What the run told instead.</param>
/// <param name="Truth">A comparison by the tests' own client after the end of the run.</param>
/// <param name="DigestsAgree">Whether both servers sum up their data to the same.</param>
/// <param name="FlagsLeft">The source's notification flags after the run; there were none before.</param>
/// <param name="Log">What happened.</param>
internal sealed record FaultOutcome(
    MigrationReport? Report,
    KeyferryException? Failure,
    ComparisonReport Truth,
    bool DigestsAgree,
    string FlagsLeft,
    RunLog Log
)
{
    /// <summary>The verdict in a word.</summary>
    public string Verdict => Report?.Verdict.ToString() ?? $"failed: {Failure?.Saw}";

    /// <summary>What the run said that is not so, or left behind; <see langword="null"/> where it was truthful.</summary>
    public string? Lie =>
        (Report, Failure) switch
        {
            ({ Verdict: Model.Verdict.Equal }, _) when !Truth.AreEqual => "it said equal, but the comparison key by key finds differences",
            ({ Verdict: Model.Verdict.Equal }, _) when !DigestsAgree => "it said equal, but DEBUG DIGEST differs",
            ({ Verdict: Model.Verdict.Different }, _) when Truth.AreEqual && DigestsAgree => "it said different, but both sides are equal",
            ({ Verdict: not Model.Verdict.Equal, Reasons.Count: 0 }, _) => "it gave no reason for its verdict",
            (null, { Saw: "" } or null) => "it failed without a word",
            (not null, _)
                when FlagsLeft.Length > 0 && Report.Leases.All(static told => !told.Contains("restore", StringComparison.Ordinal)) =>
                $"it left the notification flags at \"{FlagsLeft}\"",
            _ => null,
        };

    /// <summary>Fails the test unless the run was truthful.</summary>
    public void AssertTruthful(string context) => Assert.True(Lie is null, $"{Lie}\n{context}\n{this}");

    /// <summary>Fails the test unless the run came through: equal, and truly so.</summary>
    public void AssertEqual(string context)
    {
        AssertTruthful(context);
        Assert.True(Report is { Verdict: Model.Verdict.Equal }, $"expected equal\n{context}\n{this}");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        $"verdict: {Verdict}; {string.Join("; ", Report?.Reasons ?? [])}\ntruth: {Truth}; digests agree: {DigestsAgree}\n{Failure}\n{Log}";
}
