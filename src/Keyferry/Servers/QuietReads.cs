using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Asks servers not to count this process's reads as uses of the keys (CLIENT NO-TOUCH, 7.2 and newer), and keeps count, so that the calls of others can be told
/// from ours in the server's own counts.</summary>
/// <remarks>Thread-safe.</remarks>
internal sealed class QuietReads
{
    private long _answered;
    private long _underWay;

    /// <summary>The count of this moment.</summary>
    public Count Now
    {
        get
        {
            // In this order a call that is answered meanwhile counts twice rather than not at all.
            var underWay = Interlocked.Read(ref _underWay);
            return new Count(Interlocked.Read(ref _answered), underWay);
        }
    }

    /// <summary>Asks on a connection. A server that does not know or allow it is not worth less.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask AskAsync(RespConnection connection, CancellationToken stop)
    {
        _ = Interlocked.Increment(ref _underWay);
        try
        {
            var reply = await connection.TryCallAsync(stop, "CLIENT", "NO-TOUCH", "ON");
            if (!reply.IsError)
            {
                _ = Interlocked.Increment(ref _answered);
            }
        }
        finally
        {
            _ = Interlocked.Decrement(ref _underWay);
        }
    }

    /// <summary>How often it was asked.</summary>
    /// <param name="Answered">Calls that were answered.</param>
    /// <param name="UnderWay">Calls whose answers were not yet there: the server may have counted them already.</param>
    internal readonly record struct Count(long Answered, long UnderWay)
    {
        /// <summary>How many calls a server has certainly counted between two of its answers, this one being taken before the second was asked for.</summary>
        /// <param name="earlier">Taken after the first had come.</param>
        public long AnsweredSince(Count earlier) => Math.Max(0, Answered - earlier.Answered - earlier.UnderWay);
    }
}
