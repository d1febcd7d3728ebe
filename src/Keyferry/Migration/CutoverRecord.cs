using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>What a cutover was.</summary>
/// <param name="At">When the clients were on the other side, UTC.</param>
/// <param name="Fenced">For how long the old side held writes back: until the switch was answered, by a person where its own answer was lost.</param>
/// <param name="ProvedBehindFence">Keys that were compared meanwhile.</param>
/// <param name="LastPass">Keys of the source that the last whole walk had compared before, and keys of the target that it had looked up.</param>
/// <param name="Repaired">Differences that were mended by another look.</param>
internal sealed record CutoverRecord(
    DateTimeOffset At,
    TimeSpan Fenced,
    int ProvedBehindFence,
    (long Compared, long LookedUp) LastPass,
    long Repaired
)
{
    /// <summary>Keys that somebody else wrote on the side that the clients were handed over to, and that were put right before.</summary>
    public long PutRight { get; init; }

    /// <summary>Types of the keys that the last walk has looked at one by one.</summary>
    public IReadOnlyDictionary<string, long> ByType { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Why what others wrote there was not noticed, or <see langword="null"/>.</summary>
    public string? Unheard { get; init; }

    /// <summary>Keys that were compared again since that walk began.</summary>
    public long? ComparedAgain { get; init; }

    /// <summary>What the way back has done, where there was one.</summary>
    public MovedBack? MovedBack { get; init; }

    /// <summary>How the clients came back, where they did.</summary>
    public CutoverRecord? Back { get; init; }

    /// <summary>As the outcome of a comparison: both sides were equal when the clients were handed over.</summary>
    public VerifyResult ToResult() =>
        new()
        {
            Compared = LastPass.Compared,
            LookedUp = LastPass.LookedUp,
            ComparedAgain = ComparedAgain,
            ByType = ByType,
            Repaired = Repaired,
            PutRight = PutRight,
            Unheard = Unheard,
        };
}
