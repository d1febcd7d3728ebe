using System.Runtime.CompilerServices;

namespace Keyferry.Simulation.Scheduling;

/// <summary>A line of a simulation's story, put together only where somebody will read it.</summary>
[InterpolatedStringHandler]
internal ref struct StoryLine
{
    private DefaultInterpolatedStringHandler _text;

    public StoryLine(int literalLength, int formattedCount, DeterministicScheduler scheduler, out bool isWanted)
    {
        isWanted = scheduler.TellsStory;
        _text = isWanted ? new DefaultInterpolatedStringHandler(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string text) => _text.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => _text.AppendFormatted(value);

    public string Take() => _text.ToStringAndClear();
}
