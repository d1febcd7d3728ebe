using System.Globalization;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Reads keys from the source, expiry and value, pipelined, and hands each to a <see cref="TargetWriter"/> in the same order.</summary>
/// <remarks>
/// <para><b>In the data path.</b> First half of a lane. A payload is copied once: from the source's receive buffer into the target's command buffer.</para>
/// <para><b>Why expiry first.</b> RESTORE takes the expiry before the payload; asked in that order, the payload can be passed on the moment it arrives. A change
/// between the two questions marks the key dirty again, so a torn pair does not last.</para>
/// <para><b>Concurrency.</b> One lane owns one reader.</para>
/// </remarks>
/// <param name="connection">The lane's connection to the source.</param>
/// <param name="hasPExpireTime">Whether the source tells the absolute expiry; otherwise PTTL and the source's own TIME are used.</param>
/// <param name="shift">What is added to the source's absolute times to give the target's.</param>
internal sealed class SourceReader(RespConnection connection, bool hasPExpireTime, TimeSpan shift)
{
    /// <summary>Without PEXPIRETIME the source's clock is asked this often, in keys, so that PTTL is added to a time not older than a few keys' work.</summary>
    private const int KeysPerTime = 32;

    private readonly long _shift = (long)shift.TotalMilliseconds;
    private int _askedDatabase = -1;
    private int _readDatabase = -1;
    private long _sourceNow;

    /// <summary>Writes the questions for a batch; the caller flushes.</summary>
    public void Request(KeyBatch batch)
    {
        var output = connection.Output;
        for (var i = 0; i < batch.Count; i++)
        {
            var database = batch.Items[i].Database;
            if (database != _askedDatabase)
            {
                WireCommands.Select(output, database);
                _askedDatabase = database;
            }

            if (!hasPExpireTime && i % KeysPerTime == 0)
            {
                output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
            }

            var key = batch.Key(i);
            output.Raw(hasPExpireTime ? "*2\r\n$11\r\nPEXPIRETIME\r\n"u8 : "*2\r\n$4\r\nPTTL\r\n"u8);
            output.Bulk(key);
            output.Raw("*2\r\n$4\r\nDUMP\r\n"u8);
            output.Bulk(key);
        }
    }

    /// <summary>Reads the answers for a batch and writes what follows from them to <paramref name="target"/>, flushing whenever enough has gathered.</summary>
    /// <exception cref="ServerErrorException">The source refused a command.</exception>
    /// <exception cref="IOException">Either connection is lost.</exception>
    public async ValueTask MoveAsync(KeyBatch batch, TargetWriter target, CancellationToken stop)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Items[i].Database != _readDatabase)
            {
                WireCommands.ExpectOk((await connection.ReadAsync(stop)).Span, "SELECT");
                _readDatabase = batch.Items[i].Database;
            }

            if (!hasPExpireTime && i % KeysPerTime == 0)
            {
                _sourceNow = WireCommands.TimeInMilliseconds((await connection.ReadAsync(stop)).Span);
            }

            var expiry = WireCommands.ExpectInteger((await connection.ReadAsync(stop)).Span, hasPExpireTime ? "PEXPIRETIME" : "PTTL");
            PassOn(batch, i, expiry, (await connection.ReadAsync(stop)).Span, target);
            if (target.PendingBytes >= TargetWriter.FlushThreshold)
            {
                await target.FlushAsync(stop);
            }
        }
    }

    /// <param name="batch">The batch.</param>
    /// <param name="index">Which key of it.</param>
    /// <param name="expiry">-2: no such key; -1: no expiry; else absolute or remaining milliseconds.</param>
    /// <param name="frame">The reply to DUMP.</param>
    /// <param name="target">Where the write goes.</param>
    private void PassOn(KeyBatch batch, int index, long expiry, ReadOnlySpan<byte> frame, TargetWriter target)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            throw new ServerErrorException(reader.Text, "DUMP");
        }

        // A key that is gone by the second question is gone; one that came to be between the two has been marked again by its change.
        if (reader.IsNull || expiry == -2)
        {
            target.Unlink(batch, index);
            return;
        }

        if (reader.Type != RespType.BulkString || expiry < -2)
        {
            throw new RespProtocolException(
                string.Create(CultureInfo.InvariantCulture, $"DUMP was answered with type '{(char)reader.Type}', expiry {expiry}")
            );
        }

        var expiresAt = expiry == -1 ? -1 : (hasPExpireTime ? expiry : _sourceNow + expiry) + _shift;
        target.Restore(batch, index, expiresAt, reader.Bytes);
    }
}
