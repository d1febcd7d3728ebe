namespace Keyferry.Resp;

/// <summary>Received bytes in one contiguous pooled buffer, cut into whole RESP values.</summary>
/// <remarks>
/// One contiguous buffer, because it measured fastest: a payload is one span, ready to be copied into the command for the other side. A value larger than the
/// buffer makes it grow to that value's size; it shrinks again once the value has been used. Not thread-safe: one receiver.
/// </remarks>
internal sealed class RespInput : IDisposable
{
    private const int UsualCapacity = 128 * 1024;
    private const int KeptCapacity = 1 << 20;

    private byte[] _buffer = ByteBuffers.Rent(UsualCapacity);
    private FrameScanner _scanner;
    private int _start;
    private int _end;
    private int _frameEnd;
    private bool _scanning;

    /// <summary>Whether there are bytes after the value taken last.</summary>
    public bool HasMore => _end > _frameEnd;

    /// <summary>Takes the next whole value, ending the life of the one before.</summary>
    /// <exception cref="RespProtocolException">The bytes are not RESP.</exception>
    public bool TryTake(out ReadOnlyMemory<byte> frame)
    {
        if (!_scanning)
        {
            _start = _frameEnd;
            if (_start == _end)
            {
                frame = default;
                return false;
            }

            _scanner.Begin(_start);
            _scanning = true;
        }

        if (!_scanner.TryFindEnd(_buffer.AsSpan(0, _end), out var end, out var needed))
        {
            MakeRoom(needed);
            frame = default;
            return false;
        }

        _scanning = false;
        _frameEnd = end;
        frame = _buffer.AsMemory(_start, end - _start);
        return true;
    }

    /// <summary>Where the next received bytes go; never empty.</summary>
    public Memory<byte> Free()
    {
        if (!_scanning && _frameEnd == _end)
        {
            Reset();
        }

        if (_end == _buffer.Length)
        {
            MakeRoom(_end + 1);
        }

        return _buffer.AsMemory(_end);
    }

    /// <summary>Says how many bytes were received into <see cref="Free"/>.</summary>
    public void Received(int bytes) => _end += bytes;

    /// <inheritdoc/>
    public void Dispose()
    {
        var buffer = _buffer;
        _buffer = [];
        _start = _end = _frameEnd = 0;
        ByteBuffers.Return(buffer);
    }

    private void Reset()
    {
        _start = _end = _frameEnd = 0;
        if (_buffer.Length > KeptCapacity)
        {
            ByteBuffers.Return(_buffer);
            _buffer = ByteBuffers.Rent(UsualCapacity);
        }
    }

    /// <summary>Slides the unfinished value to the front, and grows the buffer where it must hold more; <paramref name="needed"/> counts from the old front.</summary>
    private void MakeRoom(int needed)
    {
        var kept = _end - _start;
        if (_buffer.Length >= needed && _buffer.Length - _end >= UsualCapacity / 4)
        {
            return;
        }

        needed = Math.Max(needed - _start, kept + (UsualCapacity / 4));
        var target = _buffer;
        if (_buffer.Length < needed)
        {
            target = ByteBuffers.Rent((int)Math.Min(Array.MaxLength, Math.Max(needed, Math.Min((long)_buffer.Length * 2, 16 << 20))));
        }

        _buffer.AsSpan(_start, kept).CopyTo(target);
        if (target != _buffer)
        {
            ByteBuffers.Return(_buffer);
            _buffer = target;
        }

        _scanner.Shift(_start);
        _frameEnd = Math.Max(0, _frameEnd - _start);
        _end = kept;
        _start = 0;
    }
}
