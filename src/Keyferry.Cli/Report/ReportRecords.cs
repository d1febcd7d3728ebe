using System.Text.Json.Serialization;
using Keyferry.Cli.Output;

namespace Keyferry.Cli.Report;

/// <summary><c>report.json</c>: how a run ended, and how it went. <c>docs/reference/report.md</c> describes it; fields are added, never renamed.</summary>
internal sealed record JsonReportFile
{
    /// <summary>The version of Keyferry that wrote it.</summary>
    public required string Keyferry { get; init; }

    /// <summary>When the process began, UTC.</summary>
    public DateTime Began { get; init; }

    /// <summary>When it ended, UTC.</summary>
    public DateTime Ended { get; init; }

    /// <summary>The verdict in one sentence.</summary>
    public required string Means { get; init; }

    /// <summary>What <c>--json</c> says last.</summary>
    public required JsonReport Report { get; init; }

    /// <summary>The counters over time.</summary>
    public required JsonHistory History { get; init; }

    /// <summary>What happened, as <c>--json</c> says it.</summary>
    public required IReadOnlyList<JsonHappened> Events { get; init; }

    /// <summary>Events beyond those that are kept.</summary>
    public long EventsLeftOut { get; init; }

    /// <summary>When the run waited or went slow.</summary>
    public required IReadOnlyList<JsonHeld> Held { get; init; }
}

/// <summary>One column for each thing that was sampled, all of one length.</summary>
internal sealed record JsonHistory
{
    public required double[] ElapsedSeconds { get; init; }
    public required double[] MovedPerSecond { get; init; }
    public required double[] ChangesPerSecond { get; init; }
    public required double[] BytesPerSecond { get; init; }
    public required long[] Waiting { get; init; }
    public required double[] LagP50Ms { get; init; }
    public required double[] LagP99Ms { get; init; }
    public required double[] OldestWaitingMs { get; init; }
    public required double?[] VerifiedPercent { get; init; }
}

/// <summary>One event: a phase, a gap, a gap's end or a note.</summary>
/// <param name="AtSeconds">Since the process began.</param>
/// <param name="Type"><c>phase</c>, <c>gap</c>, <c>gap-closed</c> or <c>note</c>.</param>
/// <param name="Text">In words.</param>
internal sealed record JsonHappened(double AtSeconds, string Type, string Text)
{
    /// <summary>The phase that was entered.</summary>
    public string? Phase { get; init; }

    /// <summary>The gap's number.</summary>
    public int? Gap { get; init; }

    /// <summary>How urgent a note is.</summary>
    public string? Level { get; init; }
}

/// <summary>A time during which the run waited or went slow.</summary>
internal sealed record JsonHeld(double FromSeconds, double UntilSeconds, string Why);

/// <summary>Serialises without reflection. Its default encoder leaves no character that could end a script element.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(JsonReportFile))]
internal sealed partial class ReportContext : JsonSerializerContext;
