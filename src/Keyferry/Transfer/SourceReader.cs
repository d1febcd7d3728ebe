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
/// <para><b>Strings.</b> Those that are expected to be short strings are asked for many at a time (<see cref="ShortStrings"/>), and stand in their batch before the others, so that
/// the order of the keys is that of the answers and of the writes. One that turns out to be something else stays undecided: nothing is written for it.</para>
/// <para><b>Replicas.</b> What is read on a replica is only what it has: that a key is gone (it judges by its own clock, and knows nothing of slots on their way) and what a primary does
/// not tell its replicas of a stream's groups are read on the primary.</para>
/// <para><b>Concurrency.</b> One lane owns one reader.</para>
/// </remarks>
/// <param name="connection">The lane's connection to the source.</param>
/// <param name="primary">Its connection to the primaries, where the first one may be to replicas; else <see langword="null"/>.</param>
/// <param name="settings">How values are read in this run: where the source does not tell the absolute expiry, PTTL and its own TIME are used.</param>
internal sealed class SourceReader(RespConnection connection, RespConnection? primary, TransferSettings settings) : IDisposable
{
    private readonly bool _hasPExpireTime = settings.HasPExpireTime;
    private readonly KindQuestions _kinds = new(settings.Scope.Kinds, settings.TellsSizes, settings.HasPExpireTime, primary is not null);
    private readonly SourceLink _link = new(connection);
    private readonly SourceLink _primary = new(primary ?? connection);
    private readonly PayloadFitter _fitter = new(
        settings.SourceFormat,
        settings.TargetFormat,
        (long)settings.ExpiryShift.TotalMilliseconds
    );
    private readonly ShortStrings _strings = new(settings.ReadsByMGet);

    /// <summary>The expiries of the keys of a group, which are told before any value.</summary>
    private readonly long[] _expiries = new long[Math.Max(TimesLeft.Most, ShortStrings.Most)];

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
        var grouped = false;
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
            else if (kind.Belongs && !batch.Items[i].OnPrimary && !batch.IsSecondLook)
            {
                batch.Items[i].Memory = (int)kind.Bytes;
                batch.Items[i].ByMGet = _strings.Expects(kind.Bytes);
                grouped |= batch.Items[i].ByMGet;
            }
        }

        if (grouped)
        {
            batch.GroupByRead();
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
            if (batch.Items[i].ByMGet)
            {
                i += AskStrings(batch, i, output) - 1;
                continue;
            }

            if (_hasPExpireTime)
            {
                Ask(output, "*2\r\n$11\r\nPEXPIRETIME\r\n"u8, batch.Key(i));
                Ask(output, "*2\r\n$4\r\nDUMP\r\n"u8, batch.Key(i));
                continue;
            }

            var group = GroupAt(batch, i, TimesLeft.Most);
            TimesLeft.Ask(output, batch, i, group);
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
            if (batch.Items[i].ByMGet)
            {
                i += await MoveStringsAsync(batch, i, target, aside, stop) - 1;
                continue;
            }

            if (!_hasPExpireTime && i >= first + group)
            {
                (first, group) = (i, GroupAt(batch, i, TimesLeft.Most));
                await TimesLeft.ReadAsync(connection, batch, first, _expiries.AsMemory(0, group), stop);
            }

            var expiry = _hasPExpireTime
                ? WireCommands.ExpectInteger((await link.Connection.ReadAsync(stop)).Span, "PEXPIRETIME")
                : _expiries[i - first];
            PassOn(batch, i, expiry, ValueOf((await link.Connection.ReadAsync(stop)).Span), target, aside);
            await target.FlushFullAsync(stop);
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

    /// <summary>Asks for the strings from <paramref name="first"/> on, expiries first.</summary>
    /// <returns>How many keys that are.</returns>
    private static int AskStrings(KeyBatch batch, int first, RespOutput output)
    {
        var group = GroupAt(batch, first, ShortStrings.Most);
        for (var k = first; k < first + group; k++)
        {
            Ask(output, "*2\r\n$11\r\nPEXPIRETIME\r\n"u8, batch.Key(k));
        }

        ShortStrings.Ask(output, group);
        for (var k = first; k < first + group; k++)
        {
            output.Bulk(batch.Key(k));
        }

        return group;
    }

    /// <summary>Reads the answers to that, and writes what follows from them.</summary>
    /// <returns>How many keys that are.</returns>
    private async ValueTask<int> MoveStringsAsync(KeyBatch batch, int first, TargetWriter target, IAside aside, CancellationToken stop)
    {
        var group = GroupAt(batch, first, ShortStrings.Most);
        for (var k = 0; k < group; k++)
        {
            _expiries[k] = WireCommands.ExpectInteger((await connection.ReadAsync(stop)).Span, "PEXPIRETIME");
        }

        var answer = await connection.ReadAsync(stop);
        if (_strings.FirstValue(answer.Span, group) is not { } next)
        {
            return group;
        }

        for (var k = 0; k < group; k++)
        {
            next = PassStringOn(batch, first + k, _expiries[k], new RespReader(answer.Span, next), target, aside);
            await target.FlushFullAsync(stop);
        }

        return group;
    }

    /// <returns>Where the next value is.</returns>
    private int PassStringOn(KeyBatch batch, int index, long expiry, RespReader value, TargetWriter target, IAside aside)
    {
        value.Require();
        if (value.IsNull && expiry != -2)
        {
            _strings.Learn(batch.Items[index].Memory, isString: false);
        }
        else
        {
            PassOn(batch, index, expiry, value, target, aside);
        }

        return value.Position;
    }

    private static void Ask(RespOutput output, ReadOnlySpan<byte> command, ReadOnlySpan<byte> key)
    {
        output.Raw(command);
        output.Bulk(key);
    }

    /// <summary>How many keys from <paramref name="first"/> on are asked for together: of one database, read in one way, and not many.</summary>
    private static int GroupAt(KeyBatch batch, int first, int most)
    {
        var items = batch.Items[first..Math.Min(batch.Count, first + most)];
        var group = 1;
        while (
            group < items.Length
            && items[group].Asked
            && items[group].ByMGet == items[0].ByMGet
            && items[group].Database == items[0].Database
        )
        {
            group++;
        }

        return group;
    }

    /// <param name="batch">The batch.</param>
    /// <param name="index">Which key of it.</param>
    /// <param name="expiry">-2: no such key; -1: no expiry; else the source's absolute time in milliseconds.</param>
    /// <param name="value">The reply to DUMP, or the key's part of that to MGET.</param>
    /// <param name="target">Where the write goes.</param>
    /// <param name="aside">Where keys go that need commands.</param>
    private void PassOn(KeyBatch batch, int index, long expiry, in RespReader value, TargetWriter target, IAside aside)
    {
        if (aside.TryJoin(batch, index))
        {
            return;
        }

        if (value.IsError)
        {
            throw new ServerErrorException(value.Text, "DUMP");
        }

        if (!HasName(batch, index))
        {
            batch.Items[index].Write = KeyWrite.Nothing;
            batch.Items[index].Refusal = value.IsNull || expiry == -2 ? null : TransferSettings.NameTaken;
            return;
        }

        // A key that is gone by the second question is gone; one that came to be between the two has been marked again by its change.
        if (value.IsNull || expiry == -2)
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

        ExpectBytes(value, expiry, batch.Items[index].ByMGet);
        var expiresAt = settings.ExpiryOnTarget(expiry);
        if (TrySet(batch, index, expiresAt, value.Bytes, target))
        {
            return;
        }

        var fitted = Fit(value.Bytes, batch.Items[index].ByMGet);
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

        Learn(batch, index, PayloadTypes.TypeOf(fitted.Body));
        target.Restore(batch, index, expiresAt, fitted);
    }

    /// <summary>A short string that does not expire needs no payload.</summary>
    private bool TrySet(KeyBatch batch, int index, long expiresAt, ReadOnlySpan<byte> value, TargetWriter target)
    {
        if (!batch.Items[index].ByMGet || expiresAt >= 0 || value.Length > settings.LargestPayload || !target.TrySet(batch, index, value))
        {
            return false;
        }

        Learn(batch, index, KeyType.Text);
        return true;
    }

    private void Learn(KeyBatch batch, int index, KeyType type)
    {
        batch.Items[index].Type = type;
        _strings.Learn(batch.Items[index].Memory, type == KeyType.Text);
    }

    private static void ExpectBytes(in RespReader value, long expiry, bool byMGet)
    {
        if (value.Type != RespType.BulkString || expiry < -2)
        {
            throw new RespProtocolException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(byMGet ? "MGET" : "DUMP")} was answered with type '{(char)value.Type}', expiry {expiry}"
                )
            );
        }
    }

    private FittedPayload Fit(ReadOnlySpan<byte> value, bool isString)
    {
        var fitted =
            value.Length > settings.LargestPayload ? FittedPayload.Unreadable
            : isString ? _fitter.FitString(value)
            : _fitter.Fit(value);
        return fitted.Body.Length + fitted.Footer.Length > settings.LargestPayload ? FittedPayload.Unreadable : fitted;
    }

    private static RespReader ValueOf(ReadOnlySpan<byte> dump)
    {
        var value = new RespReader(dump);
        value.Require();
        return value;
    }

    /// <inheritdoc/>
    public void Dispose() => _fitter.Dispose();
}
