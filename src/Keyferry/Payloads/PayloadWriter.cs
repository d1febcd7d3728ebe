using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;

namespace Keyferry.Payloads;

/// <summary>Writes a payload's body. Reused for one value after the other; not thread-safe.</summary>
internal sealed class PayloadWriter : IDisposable
{
    /// <summary>A buffer that grew past this for a big value is given back before the next one.</summary>
    private const int KeptCapacity = 1 << 20;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);

    /// <summary>How many bytes there are.</summary>
    public int Length { get; private set; }

    /// <summary>What was written, until the next <see cref="Begin"/> or <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, Length);

    /// <summary>Begins the body of a value of <paramref name="type"/>.</summary>
    public void Begin(PayloadType type)
    {
        Clear();
        Reserve(1)[0] = (byte)type;
        Length = 1;
    }

    /// <summary>Forgets what was written.</summary>
    public void Clear()
    {
        if (_buffer.Length > KeptCapacity)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        }

        Length = 0;
    }

    /// <summary>Bytes that are encoded already.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>A length or another number without sign.</summary>
    public void Number(ulong number)
    {
        var span = Reserve(9);
        switch (number)
        {
            case < 1 << 6:
                span[0] = (byte)number;
                Length += 1;
                break;
            case < 1 << 14:
                BinaryPrimitives.WriteUInt16BigEndian(span, (ushort)(number | 0x4000));
                Length += 2;
                break;
            case <= uint.MaxValue:
                span[0] = 0x80;
                BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)number);
                Length += 5;
                break;
            default:
                span[0] = 0x81;
                BinaryPrimitives.WriteUInt64BigEndian(span[1..], number);
                Length += 9;
                break;
        }
    }

    /// <summary>Room for a count that is known only later.</summary>
    /// <returns>Where it is, for <see cref="SetCount"/>.</returns>
    public int LeaveCount()
    {
        var at = Length;
        Reserve(5)[0] = 0x80;
        Length += 5;
        return at;
    }

    /// <summary>Fills in a count for which <see cref="LeaveCount"/> left room.</summary>
    public void SetCount(int at, int count) => BinaryPrimitives.WriteUInt32BigEndian(_buffer.AsSpan(at + 1), (uint)count);

    /// <summary>A string.</summary>
    public void Text(ReadOnlySpan<byte> bytes)
    {
        Number((ulong)bytes.Length);
        Raw(bytes);
    }

    /// <summary>A string that is a number in decimal.</summary>
    public void Text(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(number, digits, out var written);
        Text(digits[..written]);
    }

    /// <summary>A string that is the present element of <paramref name="list"/>.</summary>
    public void Text(in Listpack list)
    {
        if (list.IsNumber)
        {
            Text(list.Number);
        }
        else
        {
            Text(list.Bytes);
        }
    }

    /// <summary>Eight bytes, the least first.</summary>
    public void Fixed(long number)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), number);
        Length += 8;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Length = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            var larger = ArrayPool<byte>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(_buffer.Length * 2L, (long)Length + bytes)));
            _buffer.AsSpan(0, Length).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        return _buffer.AsSpan(Length);
    }
}
