namespace Keyferry.Traffic.Writing;

/// <summary>How the writer writes.</summary>
/// <param name="WritesPerSecond">The rate of writes that the server accepts; refused ones (a wrong type, no such key) do not count.</param>
/// <param name="Seed">Decides the sequence of the writes.</param>
/// <param name="SilentStreamCommands">See <see cref="WriteMixOptions"/>.</param>
/// <param name="FieldExpiries">See <see cref="WriteMixOptions"/>; the server must know them.</param>
public sealed record WriterOptions(
    int WritesPerSecond = 5000,
    ulong Seed = 1,
    bool SilentStreamCommands = false,
    bool FieldExpiries = false
)
{
    /// <summary>A key that the writer lets expire during the run is gone this long after the writer's end.</summary>
    public const int LongestShortLifeMilliseconds = 5000;
}
