namespace Keyferry.Traffic.Keys;

/// <summary>A small seeded source of randomness (SplitMix64): the same numbers for the same seed on every machine and runtime.</summary>
public sealed class Dice(ulong seed)
{
    private ulong _state = seed;

    public ulong Next() => Mixed(_state += 0x9E3779B97F4A7C15);

    /// <summary>A number from 0 up to, but not including, <paramref name="end"/>.</summary>
    public int Below(int end) => (int)(((UInt128)Next() * (ulong)end) >> 64);

    /// <summary>A number from <paramref name="first"/> up to and including <paramref name="last"/>.</summary>
    public int Between(int first, int last) => first + Below(last - first + 1);

    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>Any finite double; many of them have no short decimal form.</summary>
    public double Real() => (Next() >> 11) / 9007199254740992.0 * (1 << Below(31)) - (1 << Below(30));

    /// <summary>A well-spread number that depends on <paramref name="value"/> only.</summary>
    public static ulong Mixed(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
