namespace Keyferry.Transfer;

/// <summary>How many items to ask for at once, so that the answers stay near a size, whatever that of the items.</summary>
/// <param name="largest">The most items.</param>
/// <param name="much">Bytes that an answer is meant to have at most.</param>
/// <param name="slice">How long the server may be busy with an answer; <see langword="null"/> where nobody measures that.</param>
internal sealed class PageSizer(int largest, long much = 1 << 20, TimeSpan? slice = null)
{
    /// <summary>The time that a server takes for fewer items has other causes.</summary>
    private const int Least = 16;

    /// <summary>How many items to ask for next.</summary>
    public int Size { get; private set; } = Math.Min(largest, 64);

    /// <summary>Learns from the answers to one question for <see cref="Size"/> items.</summary>
    /// <param name="bytes">How large they were.</param>
    /// <param name="busy">For how long the server was busy with them.</param>
    public void Saw(long bytes, TimeSpan busy = default)
    {
        if (busy > slice && Size > Least)
        {
            Size = (int)Math.Max(Least, Size * (slice.Value / busy));
        }
        else if (bytes > much)
        {
            Size = (int)Math.Max(1, Size * much / bytes);
        }
        else if (bytes < much / 2 && !(busy > slice / 2))
        {
            Size = Math.Min(largest, Size * 2);
        }
    }
}
