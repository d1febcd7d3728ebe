using System.Buffers.Binary;

namespace Keyferry.Simulation.Server;

/// <summary>Writes RDB's lengths and strings.</summary>
internal sealed class PayloadWriter
{
    private readonly List<byte> _bytes = [];

    public void Byte(byte value) => _bytes.Add(value);

    public void Fixed(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
    }

    public void Length(int length)
    {
        if (length < 64)
        {
            Byte((byte)length);
        }
        else if (length < 16384)
        {
            Byte((byte)(0x40 | (length >> 8)));
            Byte((byte)length);
        }
        else
        {
            Byte(0x80);
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, length);
            _bytes.AddRange(bytes);
        }
    }

    public void Blob(Blob blob)
    {
        Length(blob.Length);
        _bytes.AddRange(blob.Span);
    }

    public void Blobs(IReadOnlyCollection<Blob> blobs)
    {
        Length(blobs.Count);
        foreach (var blob in blobs)
        {
            Blob(blob);
        }
    }

    public byte[] ToArray() => [.. _bytes];
}

/// <summary>Reads them; past the end it throws <see cref="ArgumentOutOfRangeException"/>.</summary>
internal sealed class PayloadReader(byte[] bytes)
{
    private int _position;

    public ulong Fixed() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public int Length()
    {
        var first = Take(1)[0];
        return (first >> 6) switch
        {
            0 => first,
            1 => ((first & 0x3F) << 8) | Take(1)[0],
            2 => BinaryPrimitives.ReadInt32BigEndian(Take(4)),
            _ => throw new ArgumentOutOfRangeException(nameof(bytes)),
        };
    }

    public Blob Blob() => Take(Length()).ToArray();

    public List<T> Many<T>(Func<T> read)
    {
        var count = Length();
        var all = new List<T>();
        for (var i = 0; i < count; i++)
        {
            all.Add(read());
        }

        return all;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        var taken = bytes.AsSpan(_position, count);
        _position += count;
        return taken;
    }
}
