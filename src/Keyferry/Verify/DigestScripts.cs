namespace Keyferry.Verify;

/// <summary>The script as it is called on both sides.</summary>
/// <param name="Source">On the source.</param>
/// <param name="Target">On the target.</param>
internal sealed record DigestScripts(ServerScript Source, ServerScript Target)
{
    /// <summary>Questions about keys of the target by name.</summary>
    public TargetQuestions OnTarget { get; } = new(Target);
}
