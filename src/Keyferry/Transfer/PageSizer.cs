namespace Keyferry.Transfer;

/// <summary>How many items to ask for at once, so that the answers stay near a size, whatever that of the items.</summary>
/// <param name="largest">The most items.</param>
/// <param name="much">Bytes that an answer is meant to have at most.</param>
internal sealed class PageSizer(int largest, long much = 1 << 20)
{
    /// <summary>How many items to ask for next.</summary>
    public int Size { get; private set; } = Math.Min(largest, 64);

    /// <summary>Learns from the answers to one question for <see cref="Size"/> items.</summary>
    public void Saw(long bytes)
    {
        if (bytes > much)
        {
            Size = (int)Math.Max(1, Size * much / bytes);
        }
        else if (bytes < much / 2)
        {
            Size = Math.Min(largest, Size * 2);
        }
    }
}
