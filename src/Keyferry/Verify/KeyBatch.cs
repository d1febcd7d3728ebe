using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Some byte strings (keys, or members of one value) in one reused buffer, so that holding them allocates nothing.</summary>
internal sealed class KeyBatch : IDisposable
{
    private const int UsualBytes = 32 * 1024;
    private const int KeptBytes = 4 << 20;

    private byte[] _bytes = ByteBuffers.Rent(UsualBytes);
    private int[] _ends = new int[512];

    /// <summary>How many there are.</summary>
    public int Count { get; private set; }

    /// <summary>One of them; valid until the next change of the batch.</summary>
    public ReadOnlySpan<byte> this[int index] => _bytes.AsSpan(Start(index), Length(index));

    /// <summary>One of them, for use across an await; valid until the next change of the batch.</summary>
    public ReadOnlyMemory<byte> Memory(int index) => _bytes.AsMemory(Start(index), Length(index));

    /// <summary>Adds a copy of <paramref name="item"/>.</summary>
    public void Add(ReadOnlySpan<byte> item)
    {
        var start = Start(Count);
        if (_bytes.Length - start < item.Length)
        {
            var larger = ByteBuffers.Rent(checked(Math.Max(_bytes.Length * 2, start + item.Length)));
            _bytes.AsSpan(0, start).CopyTo(larger);
            ByteBuffers.Return(_bytes);
            _bytes = larger;
        }

        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, Count * 2);
        }

        item.CopyTo(_bytes.AsSpan(start));
        _ends[Count++] = start + item.Length;
    }

    /// <summary>Forgets all, and gives back the room that large ones have taken.</summary>
    public void Clear()
    {
        Count = 0;
        if (_bytes.Length > KeptBytes)
        {
            ByteBuffers.Return(_bytes);
            _bytes = ByteBuffers.Rent(UsualBytes);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Clear();
        var bytes = _bytes;
        _bytes = [];
        ByteBuffers.Return(bytes);
    }

    private int Start(int index) => index == 0 ? 0 : _ends[index - 1];

    private int Length(int index) => _ends[index] - Start(index);
}
