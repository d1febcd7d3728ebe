using Keyferry.Model;

namespace Keyferry.Cutover;

/// <summary>One step of a cutover, and what takes it back.</summary>
/// <param name="Name">One or two words.</param>
/// <param name="Phase">The phase that the run is in meanwhile.</param>
/// <param name="Does">What it does, in one sentence.</param>
/// <param name="Do">Does it.</param>
internal sealed record CutoverStep(string Name, Phase Phase, string Does, Func<ICutoverScene, CancellationToken, ValueTask> Do)
{
    /// <summary>How it is taken back, in one sentence; empty where nothing has to be.</summary>
    public string UndoDoes { get; init; } = "";

    /// <summary>Takes it back; does no harm where it was done in part or not at all.</summary>
    public Func<ICutoverScene, CancellationToken, ValueTask>? Undo { get; init; }
}
