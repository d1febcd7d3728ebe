using System.Text.Json;
using System.Text.Json.Serialization;

namespace Keyferry.Cli.Control;

/// <summary>What is asked of a running migration: one object, one line.</summary>
/// <param name="Verb"><c>status</c>, <c>pause</c>, <c>resume</c>, <c>finish</c>, <c>abort</c>, ...</param>
/// <param name="Answer">What a verb that needs an answer is given.</param>
internal sealed record ControlRequest(string Verb, string? Answer = null)
{
    /// <summary>What <c>pace</c> is to change.</summary>
    public PaceChange? Pace { get; init; }
}

/// <summary>What <c>pace</c> changes; what is not given stays.</summary>
/// <param name="Off">All limits are lifted first.</param>
/// <param name="Keys">Keys a second; 0 for any.</param>
/// <param name="Bytes">Bytes a second; 0 for any.</param>
/// <param name="LatencyMs">The source's latency budget in milliseconds; 0 for none.</param>
internal sealed record PaceChange(bool Off, long? Keys, long? Bytes, double? LatencyMs);

/// <summary>One line of an answer. The last one says so.</summary>
internal sealed record ControlReply
{
    /// <summary>Whether no more lines follow.</summary>
    public bool Done { get; init; }

    /// <summary>For people, one sentence or row each.</summary>
    public IReadOnlyList<string> Text { get; init; } = [];

    /// <summary>For programs, where the run is.</summary>
    public JsonElement? Status { get; init; }

    /// <summary>Where it was refused: what was seen.</summary>
    public string? Saw { get; init; }

    /// <summary>Where it was refused: what to do.</summary>
    public string? Remedy { get; init; }

    /// <summary>What the asking process ends with.</summary>
    public int ExitCode { get; init; }

    /// <summary>The last line of an answer that only says something.</summary>
    public static ControlReply Said(string text) => new() { Done = true, Text = [text] };
}

/// <summary>Serialises without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlReply))]
internal sealed partial class ControlJson : JsonSerializerContext;
