using System.Text.Json.Serialization;

namespace Keyferry.Cli.Output;

/// <summary>The objects of <c>--json</c>, one a line. <c>docs/reference/json-events.md</c> describes them; fields are added, never renamed.</summary>
/// <param name="Type">Which object it is.</param>
/// <param name="At">When, UTC.</param>
internal abstract record JsonRecord([property: JsonPropertyOrder(-2)] string Type, [property: JsonPropertyOrder(-1)] DateTime At);

/// <summary>The run entered a phase.</summary>
internal sealed record JsonPhase(DateTime At, string Phase, string Why) : JsonRecord("phase", At);

/// <summary>Changes may have been missed.</summary>
internal sealed record JsonGap(DateTime At, int Id, string Reason, string Scope) : JsonRecord("gap", At);

/// <summary>What a gap concerned was looked at again.</summary>
internal sealed record JsonGapClosed(DateTime At, int Id, double OpenSeconds) : JsonRecord("gap-closed", At);

/// <summary>Something to know.</summary>
internal sealed record JsonNote(DateTime At, string Level, string Text) : JsonRecord("note", At);

/// <summary>Why there is no report.</summary>
internal sealed record JsonFailure(DateTime At, string Kind, string Saw, string Remedy, int ExitCode) : JsonRecord("failure", At);

/// <summary>Where a run is.</summary>
internal sealed record JsonProgress(
    DateTime At,
    string Phase,
    string Direction,
    JsonCounters Counters,
    JsonRates Rates,
    JsonPace? Pace,
    string? Held
) : JsonRecord("progress", At);

/// <summary>Where a run is, as <c>keyferry status --json</c> tells it.</summary>
internal sealed record JsonStatus(DateTime At) : JsonRecord("status", At)
{
    public required string Phase { get; init; }
    public required string Direction { get; init; }
    public string? Held { get; init; }
    public string? OpenGap { get; init; }
    public required string Source { get; init; }
    public required string Target { get; init; }
    public int ProcessId { get; init; }
    public string? Clients { get; init; }
    public string? Question { get; init; }
    public required JsonCounters Counters { get; init; }
    public required JsonRates Rates { get; init; }
    public JsonPace? Pace { get; init; }
}

/// <summary>What has been counted since the start of the run.</summary>
internal sealed record JsonCounters
{
    public double ElapsedSeconds { get; init; }
    public long Scanned { get; init; }
    public long ScanTotal { get; init; }
    public bool CopyDone { get; init; }
    public long Written { get; init; }
    public long Deleted { get; init; }
    public long PayloadBytes { get; init; }
    public long Changes { get; init; }
    public long ChangesMoved { get; init; }
    public long Waiting { get; init; }
    public long WaitingBytes { get; init; }
    public double LagP50Ms { get; init; }
    public double LagP99Ms { get; init; }
    public double OldestWaitingMs { get; init; }
    public long Verified { get; init; }
    public long VerifyTotal { get; init; }
    public long VerifyCandidates { get; init; }
    public int Gaps { get; init; }
    public int OpenGaps { get; init; }
    public long Failed { get; init; }
}

/// <summary>Per second, over the last ten seconds.</summary>
internal sealed record JsonRates(
    double KeysPerSecond,
    double BytesPerSecond,
    double ChangesPerSecond,
    double MovedPerSecond,
    double? CopySecondsLeft
);

/// <summary>What may be taken from the source, and how it bears that.</summary>
internal sealed record JsonPace
{
    public long? KeysPerSecond { get; init; }
    public long? BytesPerSecond { get; init; }
    public double? LatencyBudgetMs { get; init; }
    public double? SourceLatencyMs { get; init; }
    public double? AllowedKeysPerSecond { get; init; }
    public int SlowDowns { get; init; }
    public double SlowedSeconds { get; init; }
}

/// <summary>A time during which Keyferry went slow for the source's sake.</summary>
internal sealed record JsonSlowDown(DateTime From, double Seconds, double BudgetMs, double WorstMs, double LowestKeysPerSecond);

/// <summary>What a comparison found.</summary>
internal sealed record JsonVerify
{
    public long Compared { get; init; }
    public long LookedUp { get; init; }
    public long? ComparedAgain { get; init; }
    public required IReadOnlyDictionary<string, long> ByType { get; init; }
    public long DifferenceCount { get; init; }
    public long NotLookedAtAgain { get; init; }
    public required IReadOnlyDictionary<string, long> Differences { get; init; }
    public IReadOnlyList<JsonDifference>? First { get; init; }
    public long InFlight { get; init; }
    public long Repaired { get; init; }
    public long PutRight { get; init; }
    public string? Unheard { get; init; }
    public long LeftAlone { get; init; }
    public required IReadOnlyList<string> Doubts { get; init; }
}

/// <summary>One key that differs; only with <c>--show-keys</c>.</summary>
internal sealed record JsonDifference(int Database, string Key, string KeyBase64, string Kind, string Detail);

/// <summary>A key that stood out; its name only with <c>--show-keys</c>.</summary>
internal sealed record JsonNotableKey(int Database, string? Key, string? KeyBase64, string Type, long Bytes, double Seconds);

/// <summary>Time spent in a phase.</summary>
internal sealed record JsonPhaseTime(string Phase, double Seconds);

/// <summary>How the clients were handed over.</summary>
internal sealed record JsonCutover(DateTime At, double FencedMs, int ComparedBehindFence, long PutRight);

/// <summary>What the way back has done until it was closed, or the clients were brought back.</summary>
internal sealed record JsonWayBack(long Written, long Deleted, long PayloadBytes, long PutRight, int Gaps, long Failed);

/// <summary>What differed after a time in which a way back did not run.</summary>
internal sealed record JsonCameApart(long Written, long Removed);

/// <summary>How a run or a comparison ended.</summary>
internal sealed record JsonReport(DateTime At) : JsonRecord("report", At)
{
    public required string Verdict { get; init; }
    public int ExitCode { get; init; }
    public required IReadOnlyList<string> Reasons { get; init; }
    public IReadOnlyList<string>? Premises { get; init; }
    public string? Run { get; init; }
    public required string Source { get; init; }
    public required string Target { get; init; }
    public string? Selection { get; init; }
    public JsonVerify? Verify { get; init; }
    public JsonCounters? Counters { get; init; }
    public JsonCutover? Cutover { get; init; }
    public JsonCutover? Rollback { get; init; }
    public JsonWayBack? WayBack { get; init; }
    public JsonCameApart? CameApart { get; init; }
    public IReadOnlyList<JsonPhaseTime>? Phases { get; init; }
    public IReadOnlyList<string>? Leases { get; init; }
    public JsonPace? Pace { get; init; }
    public string? Functions { get; init; }
    public IReadOnlyList<string>? NotMoved { get; init; }
    public IReadOnlyList<JsonSlowDown>? SlowDowns { get; init; }
    public IReadOnlyDictionary<string, long>? WrittenByType { get; init; }
    public IReadOnlyList<JsonNotableKey>? BiggestKeys { get; init; }
    public IReadOnlyList<JsonNotableKey>? SlowestKeys { get; init; }
    public IReadOnlyList<JsonUnsupported>? LeftOut { get; init; }
    public string? Page { get; init; }
}

/// <summary>How far a comparison is.</summary>
internal sealed record JsonVerifyProgress(DateTime At, long Compared, long SourceKeys, long LookedUp, long TargetKeys, long Candidates)
    : JsonRecord("verify-progress", At);

/// <summary>One step of a plan.</summary>
internal sealed record JsonStep(string Name, string Does, string? Undo);

/// <summary>Why a run would not start.</summary>
internal sealed record JsonRefusal(string Kind, string Saw, string Remedy);

/// <summary>Keys that the target cannot hold, for one reason.</summary>
internal sealed record JsonUnsupported(long Keys, string Reason);

/// <summary>What a run would do.</summary>
internal sealed record JsonPlan(DateTime At) : JsonRecord("plan", At)
{
    public required string Source { get; init; }
    public required string Target { get; init; }
    public required IReadOnlyList<int> Databases { get; init; }
    public long Keys { get; init; }
    public long TargetKeys { get; init; }
    public required string Capture { get; init; }
    public string? Reads { get; init; }
    public required string Clocks { get; init; }
    public string? Selection { get; init; }
    public required IReadOnlyList<JsonStep> Steps { get; init; }
    public IReadOnlyList<string>? Hooks { get; init; }
    public required IReadOnlyList<string> NotMoved { get; init; }
    public required IReadOnlyList<JsonUnsupported> Unsupported { get; init; }
    public required IReadOnlyList<string> Warnings { get; init; }
    public required IReadOnlyList<JsonRefusal> Refusals { get; init; }
}

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DictionaryKeyPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(JsonPhase))]
[JsonSerializable(typeof(JsonGap))]
[JsonSerializable(typeof(JsonGapClosed))]
[JsonSerializable(typeof(JsonNote))]
[JsonSerializable(typeof(JsonFailure))]
[JsonSerializable(typeof(JsonProgress))]
[JsonSerializable(typeof(JsonStatus))]
[JsonSerializable(typeof(JsonVerifyProgress))]
[JsonSerializable(typeof(JsonReport))]
[JsonSerializable(typeof(JsonPlan))]
internal sealed partial class JsonContext : JsonSerializerContext;
