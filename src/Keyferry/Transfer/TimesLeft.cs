using Keyferry.Queue;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The expiries of keys whose source has no PEXPIRETIME: what they have left, and its clock.</summary>
internal static class TimesLeft
{
    /// <summary>
    /// The source's clock is asked, and right after it what so many keys have left, before any of them is dumped: whatever
    /// passes between the clock and the answer moves the expiry, and DUMP takes its time.
    /// </summary>
    public const int Most = 16;

    /// <summary>
    /// Milliseconds that may pass on the source while it answers for one group, which takes it some microseconds. It was held up where more did,
    /// and the expiries of that group are off by as much.
    /// </summary>
    private const long MostDelay = 2;

    /// <summary>Writes the questions.</summary>
    public static void Ask(RespOutput output, KeyBatch batch, int first, int group)
    {
        output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
        for (var k = first; k < first + group; k++)
        {
            output.Raw("*2\r\n$4\r\nPTTL\r\n"u8);
            output.Bulk(batch.Key(k));
        }

        output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
    }

    /// <summary>Reads the answers, and marks the keys whose expiries they do not tell well enough.</summary>
    /// <param name="connection">The source.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="first">The first of its keys that was asked for.</param>
    /// <param name="expiries">Gets for each key what PEXPIRETIME would tell.</param>
    /// <param name="stop">Gives up.</param>
    public static async ValueTask ReadAsync(
        RespConnection connection,
        KeyBatch batch,
        int first,
        Memory<long> expiries,
        CancellationToken stop
    )
    {
        var now = WireCommands.TimeInMilliseconds((await connection.ReadAsync(stop)).Span);
        for (var k = 0; k < expiries.Length; k++)
        {
            var left = WireCommands.ExpectInteger((await connection.ReadAsync(stop)).Span, "PTTL");
            expiries.Span[k] = left < 0 ? left : now + left;
        }

        if (WireCommands.TimeInMilliseconds((await connection.ReadAsync(stop)).Span) - now <= MostDelay)
        {
            return;
        }

        for (var k = 0; k < expiries.Length; k++)
        {
            batch.Items[first + k].IsVague = expiries.Span[k] >= 0;
        }
    }
}
