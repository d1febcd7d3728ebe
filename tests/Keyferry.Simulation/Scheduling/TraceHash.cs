namespace Keyferry.Simulation.Scheduling;

/// <summary>A running digest of everything that happened in a simulation: two runs are the same exactly when their digests are.</summary>
internal sealed class TraceHash
{
    /// <summary>The digest so far.</summary>
    public ulong Value { get; private set; } = 0xCBF29CE484222325;

    /// <summary>Folds a number in.</summary>
    public void Add(long number)
    {
        var bits = (ulong)number;
        for (var shift = 0; shift < 64; shift += 16)
        {
            Value = (Value ^ ((bits >> shift) & 0xFFFF)) * 0x100000001B3;
        }
    }

    /// <summary>Folds bytes in.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
        {
            Value = (Value ^ value) * 0x100000001B3;
        }
    }
}
