using System.Globalization;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Queue;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Reads keys from the source, expiry and value, pipelined, and hands each to a <see cref="TargetWriter"/> in the same order.</summary>
/// <remarks>
/// <para><b>In the data path.</b> First half of a lane. A payload is copied once: from the source's receive buffer into the target's command buffer.</para>
/// <para><b>Why expiry first.</b> RESTORE takes the expiry before the payload; asked in that order, the payload can be passed on the moment it arrives. A change
/// between the two questions marks the key dirty again, so a torn pair does not last.</para>
/// <para><b>Replicas.</b> What is read on a replica is only what it has: that a key is gone (it judges by its own clock, and knows nothing of slots on their way) and what a primary does
/// not tell its replicas of a stream's groups are read on the primary.</para>
/// <para><b>Concurrency.</b> One lane owns one reader.</para>
/// </remarks>
/// <param name="connection">The lane's connection to the source.</param>
/// <param name="primary">Its connection to the primaries, where the first one may be to replicas; else <see langword="null"/>.</param>
/// <param name="settings">How values are read in this run: where the source does not tell the absolute expiry, PTTL and its own TIME are used.</param>
internal sealed class SourceReader(RespConnection connection, RespConnection? primary, TransferSettings settings) : IDisposable
{
    /// <summary>
    /// Without PEXPIRETIME the source's clock is asked, and right after it what so many keys have left, before any of them is dumped: whatever
    /// passes between the clock and the answer moves the expiry, and DUMP takes its time.
    /// </summary>
    private const int KeysPerTime = 16;

    /// <summary>
    /// Milliseconds that may pass on the source while it answers for one group, which takes it some microseconds. It was held up where more did,
    /// and the expiries of that group are off by as much.
    /// </summary>
    private const long MostDelay = 2;

    private readonly bool _hasPExpireTime = settings.HasPExpireTime;
    private readonly KindQuestions _kinds = new(settings.Scope.Kinds, settings.TellsSizes, settings.HasPExpireTime, primary is not null);
    private readonly SourceLink _link = new(connection);
    private readonly SourceLink _primary = new(primary ?? connection);
    private readonly PayloadFitter _fitter = new(
        settings.SourceFormat,
        settings.TargetFormat,
        (long)settings.ExpiryShift.TotalMilliseconds
    );
    private readonly long[] _left = new long[KeysPerTime];

    /// <summary>Whether anything is to be known of keys before their values are asked for.</summary>
    public bool AsksFirst => !_kinds.AreNone;

    /// <summary>Writes the questions how large the values of a batch are and whether they belong to the run; the caller flushes.</summary>
    public void RequestKinds(KeyBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Items[i].Write != KeyWrite.Aside)
            {
                _link.Select(batch.Items[i].Database);
                _kinds.Ask(connection.Output, batch.Key(i));
            }
        }
    }

    /// <summary>Reads the answers to that, marks what does not belong to the run, and gives large values to <paramref name="aside"/>.</summary>
    /// <exception cref="ServerErrorException">The source refused a command.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask ReadKindsAsync(KeyBatch batch, IAside aside, CancellationToken stop)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Items[i].Write == KeyWrite.Aside)
            {
                continue;
            }

            await _link.ReadSelectAsync(batch.Items[i].Database, stop);
            var kind = await _kinds.ReadAsync(connection, static (frame, command) => WireCommands.ExpectOk(frame.Span, command), stop);
            batch.Items[i].IsOutside = !kind.Belongs;
            batch.Items[i].OnPrimary = primary is not null && (kind.IsStream || kind.IsGone);
            if (kind.Belongs && kind.Bytes > settings.LargeValue)
            {
                aside.Take(batch, i);
            }
        }
    }

    /// <summary>Writes the questions for the values of a batch; the caller flushes.</summary>
    public void Request(KeyBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            batch.Items[i].Asked = batch.Items[i].Write != KeyWrite.Aside && !batch.Items[i].IsOutside;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (!batch.Items[i].Asked)
            {
                continue;
            }

            var link = LinkOf(batch.Items[i]);
            var output = link.Connection.Output;
            link.Select(batch.Items[i].Database);
            if (_hasPExpireTime)
            {
                Ask(output, "*2\r\n$11\r\nPEXPIRETIME\r\n"u8, batch.Key(i));
                Ask(output, "*2\r\n$4\r\nDUMP\r\n"u8, batch.Key(i));
                continue;
            }

            var group = GroupAt(batch, i);
            output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
            for (var k = i; k < i + group; k++)
            {
                Ask(output, "*2\r\n$4\r\nPTTL\r\n"u8, batch.Key(k));
            }

            output.Raw("*1\r\n$4\r\nTIME\r\n"u8);
            for (var k = i; k < i + group; k++)
            {
                Ask(output, "*2\r\n$4\r\nDUMP\r\n"u8, batch.Key(k));
            }

            i += group - 1;
        }
    }

    /// <summary>Reads the answers for a batch and writes what follows from them to <paramref name="target"/>, flushing whenever enough has gathered.</summary>
    /// <exception cref="ServerErrorException">The source refused a command.</exception>
    /// <exception cref="IOException">Either connection is lost.</exception>
    public async ValueTask MoveAsync(KeyBatch batch, TargetWriter target, IAside aside, CancellationToken stop)
    {
        var (group, first) = (0, 0);
        for (var i = 0; i < batch.Count; i++)
        {
            if (batch.Items[i].IsOutside)
            {
                PassOver(batch, i, target, aside);
            }

            if (!batch.Items[i].Asked)
            {
                continue;
            }

            var link = LinkOf(batch.Items[i]);
            await link.ReadSelectAsync(batch.Items[i].Database, stop);
            if (!_hasPExpireTime && i >= first + group)
            {
                (first, group) = (i, GroupAt(batch, i));
                await ReadExpiriesAsync(batch, first, group, stop);
            }

            var expiry = _hasPExpireTime
                ? WireCommands.ExpectInteger((await link.Connection.ReadAsync(stop)).Span, "PEXPIRETIME")
                : _left[i - first];
            PassOn(batch, i, expiry, (await link.Connection.ReadAsync(stop)).Span, target, aside);
            if (target.PendingBytes >= TargetWriter.FlushThreshold)
            {
                await target.FlushAsync(stop);
            }
        }
    }

    private SourceLink LinkOf(in KeyBatch.Item item) => item.OnPrimary ? _primary : _link;

    private bool HasName(KeyBatch batch, int index) =>
        settings.Scope.NamesOf(batch.Items[index].Database) is var names && (!names.Rename || names.OnTarget(batch.Key(index)) is not null);

    /// <summary>A key that does not belong to the run: it may have until now, so that the target has it from the run.</summary>
    private void PassOver(KeyBatch batch, int index, TargetWriter target, IAside aside)
    {
        if (aside.TryJoin(batch, index))
        {
            return;
        }

        if (settings.OwnsTarget && HasName(batch, index))
        {
            target.Unlink(batch, index);
        }
        else
        {
            batch.Items[index].Write = KeyWrite.Nothing;
        }
    }

    private static void Ask(RespOutput output, ReadOnlySpan<byte> command, ReadOnlySpan<byte> key)
    {
        output.Raw(command);
        output.Bulk(key);
    }

    /// <summary>How many keys from <paramref name="first"/> on share one look at the clock: of one database, and not many.</summary>
    private static int GroupAt(KeyBatch batch, int first)
    {
        var end = Math.Min(batch.Count, first + KeysPerTime);
        var next = first + 1;
        while (next < end && batch.Items[next].Asked && batch.Items[next].Database == batch.Items[first].Database)
        {
            next++;
        }

        return next - first;
    }

    private async ValueTask ReadExpiriesAsync(KeyBatch batch, int first, int group, CancellationToken stop)
    {
        var now = WireCommands.TimeInMilliseconds((await connection.ReadAsync(stop)).Span);
        for (var k = 0; k < group; k++)
        {
            var left = WireCommands.ExpectInteger((await connection.ReadAsync(stop)).Span, "PTTL");
            _left[k] = left < 0 ? left : now + left;
        }

        if (WireCommands.TimeInMilliseconds((await connection.ReadAsync(stop)).Span) - now <= MostDelay)
        {
            return;
        }

        for (var k = 0; k < group; k++)
        {
            batch.Items[first + k].IsVague = _left[k] >= 0;
        }
    }

    /// <param name="batch">The batch.</param>
    /// <param name="index">Which key of it.</param>
    /// <param name="expiry">-2: no such key; -1: no expiry; else the source's absolute time in milliseconds.</param>
    /// <param name="frame">The reply to DUMP.</param>
    /// <param name="target">Where the write goes.</param>
    /// <param name="aside">Where keys go that need commands.</param>
    private void PassOn(KeyBatch batch, int index, long expiry, ReadOnlySpan<byte> frame, TargetWriter target, IAside aside)
    {
        if (aside.TryJoin(batch, index))
        {
            return;
        }

        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            throw new ServerErrorException(reader.Text, "DUMP");
        }

        if (!HasName(batch, index))
        {
            batch.Items[index].Write = KeyWrite.Nothing;
            batch.Items[index].Refusal = reader.IsNull || expiry == -2 ? null : TransferSettings.NameTaken;
            return;
        }

        // A key that is gone by the second question is gone; one that came to be between the two has been marked again by its change.
        if (reader.IsNull || expiry == -2)
        {
            if (primary is not null && !batch.Items[index].OnPrimary)
            {
                // The replica had it a moment ago. The next look asks the primary.
                (batch.Items[index].Write, batch.Items[index].IsVague) = (KeyWrite.Nothing, true);
                return;
            }

            target.Unlink(batch, index);
            return;
        }

        if (reader.Type != RespType.BulkString || expiry < -2)
        {
            throw new RespProtocolException(
                string.Create(CultureInfo.InvariantCulture, $"DUMP was answered with type '{(char)reader.Type}', expiry {expiry}")
            );
        }

        var fitted = reader.Bytes.Length > settings.LargestPayload ? FittedPayload.Unreadable : _fitter.Fit(reader.Bytes);
        if (fitted.Fit == PayloadFit.NeedsCommands)
        {
            aside.Take(batch, index);
            return;
        }

        if (fitted.Fit == PayloadFit.Impossible)
        {
            // What the target has under that name is not what the source has: better nothing than that.
            target.Unlink(batch, index);
            batch.Items[index].Refusal = fitted.Reason;
            return;
        }

        batch.Items[index].Type = PayloadTypes.TypeOf(reader.Bytes);
        target.Restore(batch, index, settings.ExpiryOnTarget(expiry), fitted);
    }

    /// <inheritdoc/>
    public void Dispose() => _fitter.Dispose();

    /// <summary>A connection, and the databases that the latest question and the latest answer belong to.</summary>
    private sealed class SourceLink(RespConnection connection)
    {
        private int _askedDatabase = -1;
        private int _readDatabase = -1;

        public RespConnection Connection => connection;

        public void Select(int database)
        {
            if (database != _askedDatabase)
            {
                WireCommands.Select(connection.Output, database);
                _askedDatabase = database;
            }
        }

        public async ValueTask ReadSelectAsync(int database, CancellationToken stop)
        {
            if (database != _readDatabase)
            {
                WireCommands.ExpectOk((await connection.ReadAsync(stop)).Span, "SELECT");
                _readDatabase = database;
            }
        }
    }
}
