using System.Text.Json.Nodes;

namespace Keyferry.AwsDouble.Wire;

/// <summary>A service of the JSON protocol.</summary>
internal interface IJsonService
{
    /// <summary>The actions it knows.</summary>
    IReadOnlyList<string> Actions { get; }

    /// <summary>Carries out one call.</summary>
    JsonObject Answer(Question question);

    /// <summary>The resource that a call is on, as policies name it.</summary>
    string ResourceOf(Question question);
}
