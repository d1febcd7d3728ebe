using System.Buffers.Text;

namespace Keyferry.Resp;

/// <summary>Commands on their way out: written into one pooled buffer, sent together by the connection's flush.</summary>
/// <remarks>Not thread-safe. Whoever writes also flushes, and writes nothing while a flush is under way.</remarks>
internal sealed class RespOutput : IDisposable
{
    /// <summary>A buffer that grew past this for a big value is given back after the flush.</summary>
    private const int KeptCapacity = 1 << 20;

    private byte[] _buffer = ByteBuffers.Rent(64 * 1024);

    /// <summary>How many bytes wait for the flush.</summary>
    public int Length { get; private set; }

    /// <summary>What waits for the flush.</summary>
    internal ReadOnlyMemory<byte> Pending => _buffer.AsMemory(0, Length);

    /// <summary>Begins a command of <paramref name="arguments"/> words, its name included; as many bulk strings must follow.</summary>
    public void Command(int arguments)
    {
        var span = Reserve(16);
        span[0] = (byte)'*';
        _ = Utf8Formatter.TryFormat(arguments, span[1..], out var written);
        span[written + 1] = (byte)'\r';
        span[written + 2] = (byte)'\n';
        Length += written + 3;
    }

    /// <summary>One word of a command, binary-safe.</summary>
    public void Bulk(ReadOnlySpan<byte> bytes)
    {
        var span = Reserve(bytes.Length + 16);
        span[0] = (byte)'$';
        _ = Utf8Formatter.TryFormat(bytes.Length, span[1..], out var written);
        span[written + 1] = (byte)'\r';
        span[written + 2] = (byte)'\n';
        bytes.CopyTo(span[(written + 3)..]);
        var end = written + 3 + bytes.Length;
        span[end] = (byte)'\r';
        span[end + 1] = (byte)'\n';
        Length += end + 2;
    }

    /// <summary>One word of a command, given in two parts that follow each other.</summary>
    public void Bulk(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        var span = Reserve(first.Length + second.Length + 16);
        span[0] = (byte)'$';
        _ = Utf8Formatter.TryFormat(first.Length + second.Length, span[1..], out var written);
        span[written + 1] = (byte)'\r';
        span[written + 2] = (byte)'\n';
        first.CopyTo(span[(written + 3)..]);
        second.CopyTo(span[(written + 3 + first.Length)..]);
        var end = written + 3 + first.Length + second.Length;
        span[end] = (byte)'\r';
        span[end + 1] = (byte)'\n';
        Length += end + 2;
    }

    /// <summary>One word of a command: <paramref name="number"/> in decimal.</summary>
    public void Bulk(long number)
    {
        Span<byte> digits = stackalloc byte[20];
        _ = Utf8Formatter.TryFormat(number, digits, out var written);
        Bulk(digits[..written]);
    }

    /// <summary>Bytes that are RESP already, such as a command kept ready.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        Length += bytes.Length;
    }

    internal void Clear()
    {
        Length = 0;
        if (_buffer.Length > KeptCapacity)
        {
            ByteBuffers.Return(_buffer);
            _buffer = ByteBuffers.Rent(64 * 1024);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        Length = 0;
        ByteBuffers.Return(buffer);
    }

    private Span<byte> Reserve(int bytes)
    {
        if (_buffer.Length - Length < bytes)
        {
            Grow(bytes);
        }

        return _buffer.AsSpan(Length);
    }

    private void Grow(int bytes)
    {
        var larger = ByteBuffers.Rent((int)Math.Min(Array.MaxLength, Math.Max((long)_buffer.Length * 2, (long)Length + bytes)));
        _buffer.AsSpan(0, Length).CopyTo(larger);
        ByteBuffers.Return(_buffer);
        _buffer = larger;
    }
}
