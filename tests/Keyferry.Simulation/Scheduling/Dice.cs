namespace Keyferry.Simulation.Scheduling;

/// <summary>A seeded source of chance (SplitMix64): the same seed gives the same numbers on every machine and runtime.</summary>
/// <remarks>Every part of a simulation takes its own <see cref="Fork"/>, so that a number drawn more in one part does not change the others.</remarks>
internal sealed class Dice(ulong seed)
{
    private ulong _state = Mix(seed + 0x9E3779B97F4A7C15);

    /// <summary>A new independent source, decided by this one's seed and <paramref name="name"/> alone.</summary>
    public static Dice Fork(ulong seed, string name)
    {
        var hash = seed ^ 0xCBF29CE484222325;
        foreach (var letter in name)
        {
            hash = (hash ^ letter) * 0x100000001B3;
        }

        return new Dice(Mix(hash));
    }

    /// <summary>The next 64 bits.</summary>
    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return Mix(_state);
    }

    /// <summary>A number from 0 to <paramref name="below"/> - 1.</summary>
    public int Below(int below) => below <= 1 ? 0 : (int)(Next() % (ulong)below);

    /// <summary>A number from <paramref name="from"/> to <paramref name="to"/>, both included.</summary>
    public int Between(int from, int to) => from + Below(to - from + 1);

    /// <summary>A span between two, both included.</summary>
    public TimeSpan Between(TimeSpan from, TimeSpan to) =>
        to <= from ? from : TimeSpan.FromTicks(from.Ticks + (long)(Next() % (ulong)(to.Ticks - from.Ticks + 1)));

    /// <summary>True in about <paramref name="share"/> of all cases (0 to 1).</summary>
    public bool Chance(double share) => share > 0 && (Next() >> 11) * (1.0 / (1UL << 53)) < share;

    /// <summary>One of <paramref name="choices"/>.</summary>
    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    private static ulong Mix(ulong bits)
    {
        bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
        bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
        return bits ^ (bits >> 31);
    }
}
