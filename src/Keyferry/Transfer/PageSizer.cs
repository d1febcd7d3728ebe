namespace Keyferry.Transfer;

/// <summary>How many items to ask for at once, so that the answers stay near a size, whatever that of the items.</summary>
internal sealed class PageSizer
{
    /// <summary>How many are asked for first, unless they are known to be large.</summary>
    private const int Usual = 64;

    /// <summary>The time that a server takes for fewer items has other causes.</summary>
    private const int Least = 16;

    /// <summary>So many at a time while very large ones are ahead among small ones, nobody knows where.</summary>
    private const int Few = 2;

    /// <summary>So many times as much as is wanted is no trouble, even if it comes in one answer.</summary>
    private const long Harmless = 4;

    /// <summary>Bytes of memory that a server needs for an element besides what it tells of it, at most.</summary>
    private const long Overhead = 256;

    private readonly int _largest;
    private readonly long _much;
    private readonly TimeSpan? _slice;
    private long _itemsLeft;
    private long _bytesLeft;

    /// <summary>For items that are modest, each for itself.</summary>
    /// <param name="largest">The most items.</param>
    /// <param name="much">Bytes that an answer is meant to have at most.</param>
    /// <param name="slice">How long the server may be busy with an answer; <see langword="null"/> where nobody measures that.</param>
    public PageSizer(int largest, long much = 1 << 20, TimeSpan? slice = null)
    {
        (_largest, _much, _slice) = (largest, much, slice);
        Size = Math.Min(largest, Usual);
    }

    /// <summary>For the elements of one value, of which each may be of any size.</summary>
    /// <param name="value">What is to be asked for in all. The first question is for one element where its bytes are not known.</param>
    /// <param name="largest">The most elements.</param>
    /// <param name="much">Bytes that an answer is meant to have at most.</param>
    /// <param name="slice">How long the server may be busy with an answer; <see langword="null"/> where nobody measures that.</param>
    public PageSizer(ValueSize value, int largest, long much = 1 << 20, TimeSpan? slice = null)
        : this(largest, much, slice)
    {
        (_itemsLeft, _bytesLeft) = (value.Elements, value.Bytes);
        Size = value.Bytes <= 0 ? 1 : (int)Math.Clamp(much * value.Elements / value.Bytes, 1, Size);
    }

    /// <summary>How many items to ask for next.</summary>
    public int Size { get; private set; }

    /// <summary>Learns from the answers to one question for <see cref="Size"/> items.</summary>
    /// <param name="bytes">How large they were.</param>
    /// <param name="busy">For how long the server was busy with them.</param>
    public void Saw(long bytes, TimeSpan busy = default)
    {
        var each = bytes / Size;
        _itemsLeft = Math.Max(0, _itemsLeft - Size);
        _bytesLeft = Math.Max(0, _bytesLeft - bytes);
        if (busy > _slice && Size > Least)
        {
            Size = (int)Math.Max(Least, Size * (_slice.Value / busy));
        }
        else if (bytes > _much)
        {
            Size = (int)Math.Max(1, Size * _much / bytes);
        }
        else if (bytes < _much / 2 && !(busy > _slice / 2))
        {
            Size = Math.Min(_largest, Size * 2);
        }

        if (_bytesLeft > Harmless * _much && _itemsLeft > 0 && _bytesLeft / _itemsLeft > (4 * each) + Overhead)
        {
            Size = (int)Math.Clamp(_much * _itemsLeft / _bytesLeft, 1, Math.Min(Size, Few));
        }
    }
}
