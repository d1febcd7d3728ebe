namespace Keyferry.Capture;

/// <summary>Up to when a capture has heard everything, told by the pongs on its connection.</summary>
/// <remarks>
/// <para>A pong comes after every message that was queued before its ping was read. One pong is not taken for enough: pushes of one turn of the server's event loop may
/// follow its replies, and a server with threads may read a ping in the middle of a turn that began long before. So a ping counts when another one, sent after its pong
/// had come, was answered, too: then a whole turn of the loop lies between.</para>
/// <para>Written by one task (pings under the capture's lock, pongs by its listener), read by anybody.</para>
/// </remarks>
internal sealed class HeardMark
{
    private const long Unknown = long.MinValue;

    private readonly Lock _lock = new();
    private readonly Queue<(long Token, long Sent)> _asked = [];
    private (long Sent, long Answered)? _last;
    private long _upTo = Unknown;

    /// <summary>Every change before this timestamp was heard; <see langword="null"/> before the capture has listened.</summary>
    public long? UpTo
    {
        get
        {
            lock (_lock)
            {
                return _upTo == Unknown ? null : _upTo;
            }
        }
    }

    /// <summary>The capture listens, on a connection of its own; what it was told before it asked to listen is not its affair the first time, and a gap later.</summary>
    /// <param name="began">When it began to ask.</param>
    public void Listens(long began)
    {
        lock (_lock)
        {
            _asked.Clear();
            _last = null;
            if (_upTo == Unknown)
            {
                _upTo = began;
            }
        }
    }

    /// <summary>A ping is about to be sent.</summary>
    public void Asked(long token, long now)
    {
        lock (_lock)
        {
            _asked.Enqueue((token, now));
        }
    }

    /// <summary>A pong has come.</summary>
    public void Answered(long token, long now)
    {
        lock (_lock)
        {
            while (_asked.TryPeek(out var asked) && asked.Token <= token)
            {
                _ = _asked.Dequeue();
                if (asked.Token == token)
                {
                    Take(asked.Sent, now);
                }
            }
        }
    }

    private void Take(long sent, long now)
    {
        if (_last is not { } last)
        {
            _last = (sent, now);
        }
        else if (sent >= last.Answered)
        {
            // A connection that is new proves only what came after it listened; that is after whatever an earlier one has proved.
            _upTo = Math.Max(_upTo, last.Sent);
            _last = (sent, now);
        }
    }
}
