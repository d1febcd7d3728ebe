namespace Keyferry.Simulation.Network;

/// <summary>Bytes that arrived and wait to be taken, first in first out.</summary>
internal sealed class ByteQueue
{
    private byte[] _bytes = new byte[256];
    private int _head;
    private int _tail;

    /// <summary>Bytes that wait.</summary>
    public int Count => _tail - _head;

    /// <summary>What waits, valid until the next change.</summary>
    public ReadOnlySpan<byte> Waiting => _bytes.AsSpan(_head, Count);

    /// <summary>Adds bytes at the end.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        if (_tail + bytes.Length > _bytes.Length)
        {
            var larger = Count + bytes.Length > _bytes.Length ? new byte[Math.Max(_bytes.Length * 2, Count + bytes.Length)] : _bytes;
            Waiting.CopyTo(larger);
            (_tail, _head, _bytes) = (Count, 0, larger);
        }

        bytes.CopyTo(_bytes.AsSpan(_tail));
        _tail += bytes.Length;
    }

    /// <summary>Forgets the first bytes.</summary>
    public void Drop(int count)
    {
        _head += count;
        if (_head == _tail)
        {
            _head = _tail = 0;
        }
    }

    /// <summary>Takes the first bytes.</summary>
    public byte[] Take(int count)
    {
        var taken = Waiting[..count].ToArray();
        Drop(count);
        return taken;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear() => _head = _tail = 0;
}
