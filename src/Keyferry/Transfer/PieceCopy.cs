using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Throttle;

namespace Keyferry.Transfer;

/// <summary>Moves one key at a time in pieces, by commands of its type: large values, and those whose payload the target does not read.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside a lane, on connections of its own, so that other keys go on meanwhile.</para>
/// <para><b>Promises.</b> The target's readers see the old value or the new one. The source watches the key (WATCH): what changed while it was read is told, so that it is looked
/// at again. Memory is bounded by pieces, whatever the size of the value.</para>
/// <para><b>Concurrency.</b> One task.</para>
/// </remarks>
internal sealed class PieceCopy : IDisposable
{
    /// <summary>How often a copy is begun anew because the value changed meanwhile; then it is taken as it came, and looked at again later.</summary>
    private const int Attempts = 3;

    private readonly RespConnection _source;
    private readonly PieceTarget _target;
    private readonly TransferSettings _settings;
    private readonly SourcePace _pace;
    private readonly StreamGroups _groups;
    private readonly WholeValue _whole;
    private readonly SliceWatch _slice;
    private int _database = -1;
    private bool _isChange;
    private bool _watches = true;
    private bool _askedAhead;

    /// <param name="source">A connection to the source that nobody else uses.</param>
    /// <param name="target">Likewise to the target.</param>
    /// <param name="settings">How values are moved in this run.</param>
    /// <param name="pace">How fast the source may be read.</param>
    /// <param name="owner">Tells this run's and lane's temporary keys from others.</param>
    public PieceCopy(RespConnection source, RespConnection target, TransferSettings settings, SourcePace pace, string owner)
    {
        _source = source;
        _settings = settings;
        _pace = pace;
        _slice = new SliceWatch(settings.Clock);
        _target = new PieceTarget(target, settings.Scope, owner);
        _groups = new StreamGroups(source, _target, settings.TargetFormat);
        _whole = new WholeValue(source, _target, settings, pace);
    }

    /// <summary>Whether a refusal that was thrown was the target's, and not the source's.</summary>
    public bool TargetRefused => _target.Refused;

    /// <summary>Moves one key.</summary>
    /// <param name="database">The source's database.</param>
    /// <param name="key">Its name.</param>
    /// <param name="isChange">Whether a change has led to it.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ServerErrorException">A server refused a command for a reason that is not the key's.</exception>
    /// <exception cref="PieceLostException">The temporary key has vanished from the target.</exception>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask<PieceOutcome> MoveAsync(int database, ReadOnlyMemory<byte> key, bool isChange, CancellationToken stop)
    {
        _isChange = isChange;
        if (database != _database)
        {
            _ = await _source.CallAsync(stop, "SELECT", database);
            _database = database;
        }

        if (NameOf(database, key) is not { } name)
        {
            return await PassOverUnnamedAsync(key, stop);
        }

        for (var attempt = 1; ; attempt++)
        {
            var received = _source.BytesReceived;
            _target.Begin(database, name);
            try
            {
                var (type, expiresAt) = await BeginAsync(key, stop);
                if (type == "none")
                {
                    _ = await HasChangedAsync(key, stop);
                    await _target.UnlinkAsync(stop);
                    return new PieceOutcome(PieceResult.Gone, 0, null);
                }

                if (!_settings.Scope.Kinds.CoverType(type) || !_settings.Scope.Kinds.CoverExpiry(expiresAt >= 0))
                {
                    return await PassOverAsync(key, stop);
                }

                if (await MoveAsync(type, key, expiresAt, isLast: attempt == Attempts, stop) is { } result)
                {
                    return new PieceOutcome(result, _source.BytesReceived - received, null, KeyTypes.Of(type));
                }
            }
            catch (PieceRefusedException refused)
            {
                return await RefuseAsync(key, refused.Message, stop);
            }
            catch (ServerErrorException refused) when (IsOfTheKey(refused))
            {
                return await RefuseAsync(key, refused.Reply, stop);
            }
            catch (ServerErrorException other) when (IsOtherValue(other) && attempt < Attempts)
            {
                // The value is another one by now: the next attempt takes that.
                await AbandonAsync(key, stop);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _whole.Dispose();

    private static bool HasPieces(string type) => KeyTypes.Of(type) is not (KeyType.Unknown or KeyType.Other);

    /// <summary>Moves the value once.</summary>
    /// <returns>What became of it; <see langword="null"/> where it has changed meanwhile and there is another attempt.</returns>
    private async ValueTask<PieceResult?> MoveAsync(
        string type,
        ReadOnlyMemory<byte> key,
        long expiresAt,
        bool isLast,
        CancellationToken stop
    )
    {
        if (!HasPieces(type))
        {
            return await MoveWholeAsync(type, key, expiresAt, stop);
        }

        await CopyAsync(type, key, stop);
        await _target.SettleAsync(stop);
        var changed = await HasChangedAsync(key, stop);
        if (changed && !isLast)
        {
            return null;
        }

        await _target.CommitAsync(_settings.ExpiryOnTarget(expiresAt), stop);
        return changed ? PieceResult.Changed : PieceResult.Moved;
    }

    private async ValueTask<PieceResult> MoveWholeAsync(string type, ReadOnlyMemory<byte> key, long expiresAt, CancellationToken stop)
    {
        await _pace.PassAsync(_isChange, stop);
        var isThere = await _whole.MoveAsync(key, type, expiresAt, stop);
        var changed = await HasChangedAsync(key, stop);
        if (!isThere)
        {
            await _target.UnlinkAsync(stop);
            return PieceResult.Gone;
        }

        return changed ? PieceResult.Changed : PieceResult.Moved;
    }

    private static bool IsOfTheKey(ServerErrorException refused) =>
        refused.Reply.Contains("maximum allowed size", StringComparison.OrdinalIgnoreCase);

    private static bool IsOtherValue(ServerErrorException other) =>
        other.Code is "WRONGTYPE" or "NOGROUP" || other.Reply.Contains("no such key", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the key is called on the target; <see langword="null"/> where another one is called so.</summary>
    private byte[]? NameOf(int database, ReadOnlyMemory<byte> key) =>
        _settings.Scope.NamesOf(database) is { Rename: true } names ? names.OnTarget(key.Span) : key.ToArray();

    /// <summary>A key whose name on the target is that of another: nothing is written there.</summary>
    private async ValueTask<PieceOutcome> PassOverUnnamedAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var exists = (await _source.CallAsync(stop, "EXISTS", key)).Integer > 0;
        return new PieceOutcome(PieceResult.LeftAlone, 0, exists ? TransferSettings.NameTaken : null);
    }

    /// <summary>A key that does not belong to the run by now.</summary>
    private async ValueTask<PieceOutcome> PassOverAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        _ = await HasChangedAsync(key, stop);
        if (_settings.OwnsTarget)
        {
            await _target.UnlinkAsync(stop);
        }
        else
        {
            await _target.SettleAsync(stop);
        }

        return new PieceOutcome(_settings.OwnsTarget ? PieceResult.Gone : PieceResult.LeftAlone, 0, null);
    }

    private async ValueTask<PieceOutcome> RefuseAsync(ReadOnlyMemory<byte> key, string reason, CancellationToken stop)
    {
        await AbandonAsync(key, stop);
        await _target.UnlinkAsync(stop);
        return new PieceOutcome(PieceResult.Refused, 0, reason);
    }

    /// <summary>Begins to watch the key, and asks for its type and expiry.</summary>
    private async ValueTask<(string Type, long ExpiresAt)> BeginAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        if (_watches && await _source.TryCallAsync(stop, "WATCH", key) is { IsError: true } refused)
        {
            // Where it is not permitted, what changes meanwhile is heard of by the capture, and by the comparison at the end.
            _watches =
                refused.IsDenied || refused.Text.Contains("unknown command", StringComparison.OrdinalIgnoreCase)
                    ? false
                    : throw new ServerErrorException(refused.Text, "WATCH");
        }

        _source.Write("TIME");
        _source.Write(_settings.HasPExpireTime ? "PEXPIRETIME" : "PTTL", key);
        _source.Write("TYPE", key);
        _slice.Begin();
        await _source.FlushAsync(stop);
        var now = WireCommands.TimeInMilliseconds((await _source.ReadAsync(stop)).Span);
        _slice.EndRoundTrip();
        var expiry = WireCommands.ExpectInteger((await _source.ReadAsync(stop)).Span, _settings.HasPExpireTime ? "PEXPIRETIME" : "PTTL");
        var type = RespValue.Of((await _source.ReadAsync(stop)).Span).Text;
        var absolute = _settings.HasPExpireTime ? expiry : now + expiry;
        return (expiry == -2 ? "none" : type, expiry < 0 ? -1 : absolute);
    }

    /// <summary>Ends the watch.</summary>
    /// <returns>Whether the key has changed since it began.</returns>
    private async ValueTask<bool> HasChangedAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        if (!_watches)
        {
            return false;
        }

        _source.Write("MULTI");
        _source.Write("TYPE", key);
        _source.Write("EXEC");
        await _source.FlushAsync(stop);
        WireCommands.ExpectOk((await _source.ReadAsync(stop)).Span, "MULTI");
        WireCommands.ExpectOk((await _source.ReadAsync(stop)).Span, "TYPE");
        var outcome = RespValue.Of((await _source.ReadAsync(stop)).Span);
        return outcome.IsError ? throw new ServerErrorException(outcome.Text, "EXEC") : outcome.IsNull;
    }

    private async ValueTask CopyAsync(string type, ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        switch (type)
        {
            case "string":
                var length = (await _source.CallAsync(stop, "STRLEN", key)).Integer;
                await CopyAsync(new StringPieces(key, length, _settings.Piece), stop);
                break;
            case "list":
                await CopyAsync(new RangePieces(key, await SizeAsync("LLEN", key, stop), scored: false, _settings), stop);
                break;
            case "zset":
                await CopyAsync(new RangePieces(key, await SizeAsync("ZCARD", key, stop), scored: true, _settings), stop);
                break;
            case "set":
                await CopyAsync(new ScanPieces(key, await SizeAsync("SCARD", key, stop), isHash: false, _settings), stop);
                break;
            case "hash":
                var fields = await SizeAsync("HLEN", key, stop);
                await CopyAsync(
                    _settings.SourceFormat.HashWithExpiries is null
                        ? new ScanPieces(key, fields, isHash: true, _settings)
                        : new ExpiringHashPieces(key, fields, _settings),
                    stop
                );
                break;
            case "stream":
                await CopyStreamAsync(key, stop);
                break;
        }
    }

    /// <summary>How large a value is.</summary>
    /// <param name="command">The command that tells its elements.</param>
    /// <param name="key">Its key.</param>
    /// <param name="stop">Gives up.</param>
    private async ValueTask<ValueSize> SizeAsync(string command, ReadOnlyMemory<byte> key, CancellationToken stop) =>
        await SizeAsync(await _source.CallAsync(stop, command, key), key, stop);

    private async ValueTask<ValueSize> SizeAsync(RespValue? elements, ReadOnlyMemory<byte> key, CancellationToken stop) =>
        new(elements?.Integer ?? 0, _settings.TellsSizes ? await MemoryQuestion.AskAsync(_source, key, stop) : 0);

    private async ValueTask CopyStreamAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var stream = await _source.CallAsync(stop, "XINFO", "STREAM", key);
        var size = await SizeAsync(stream["length"], key, stop);
        var entries = new StreamPieces(key, size, await _groups.PendingAsync(key, stop), _settings);
        _groups.CreateEmpty();
        await CopyAsync(entries, stop);
        await _groups.CopyAsync(key, entries.Placeholders, stop);
    }

    private async ValueTask CopyAsync(Pieces pieces, CancellationToken stop)
    {
        pieces.Ask(_source);
        for (var more = true; more; )
        {
            _slice.Begin();
            await _source.FlushAsync(stop);
            var frame = await _source.ReadAsync(stop);
            var busy = _slice.End();
            _askedAhead = false;
            _pace.Received(frame.Length);
            WireCommands.ExpectOk(frame.Span, "a question for a part of a value");
            more = pieces.Advance(frame.Span, busy);
            _target.BeginPiece();
            if (more && !pieces.AsksMore)
            {
                await _pace.PassAsync(_isChange, stop);
                // The source works on the next piece while this one is written.
                pieces.Ask(_source);
                await _source.FlushAsync(stop);
                _askedAhead = true;
            }

            pieces.Write(frame.Span, _target);
            if (pieces.AskMore(_source))
            {
                await _source.FlushAsync(stop);
                pieces.WriteMore((await _source.ReadAsync(stop)).Span, _target);
            }

            await _target.EndPieceAsync(stop);
            if (more && pieces.AsksMore)
            {
                pieces.Ask(_source);
            }
        }
    }

    /// <summary>After a failure of this one key: nothing is left unread on either side, and the target has no part of it.</summary>
    private async ValueTask AbandonAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        if (_askedAhead)
        {
            _askedAhead = false;
            _ = await _source.ReadAsync(stop);
        }

        await _target.AbandonAsync(stop);
        _ = await HasChangedAsync(key, stop);
    }
}
