namespace Keyferry.Verify;

/// <summary>How many items to ask for at once, so that the answers stay near a megabyte whatever their size.</summary>
internal sealed class PageSizer(int largest)
{
    private const long Much = 1 << 20;

    /// <summary>How many items to ask for next.</summary>
    public int Size { get; private set; } = Math.Min(largest, 64);

    /// <summary>Learns from the answers to one question for <see cref="Size"/> items.</summary>
    public void Saw(long bytes)
    {
        if (bytes > Much)
        {
            Size = (int)Math.Max(1, Size * Much / bytes);
        }
        else if (bytes < Much / 2)
        {
            Size = Math.Min(largest, Size * 2);
        }
    }
}
