using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>The exact look: type, value and expiry of keys on both sides, independent of encodings and versions.</summary>
/// <remarks>
/// <para>It goes in rounds over a batch, each pipelined on both sides: types and expiries; sizes; values of modest size; expiries of hash fields. Large values and streams
/// follow one by one, piece by piece.</para>
/// <para>Streams, hash-field expiries and everything else that belongs to a value is compared before the key's own expiry, so the first kind that differs is the one told.</para>
/// </remarks>
internal sealed class CloserLook(VerifyLink link) : IDisposable
{
    /// <summary>The most keys of one batch.</summary>
    public const int BatchSize = 128;

    private const int ModestBytes = 64 * 1024;
    private const int ModestElements = 512;
    private const long ModestMemory = 2 * ModestBytes;
    private readonly VerifySide _source = link.Source;
    private readonly VerifySide _target = link.Target;
    private readonly LargeValueLook _large = new(link);
    private readonly StreamLook _streams = new(link);
    private readonly KindQuestions _kinds = new(link.Options.Kinds, sizes: false, link.Source.HasPExpireTime);
    private readonly LookState[] _states = new LookState[BatchSize];
    private readonly long[] _sourceExpiries = new long[BatchSize];
    private readonly long[] _targetExpiries = new long[BatchSize];

    /// <summary>Looks at all of <paramref name="keys"/>, at most <see cref="BatchSize"/>.</summary>
    /// <param name="keys">Which keys, of the databases that are selected.</param>
    /// <param name="sawType">Told the type of each key that the source has.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>One entry per key, <see langword="null"/> where both sides are equal; valid until the next call.</returns>
    public async ValueTask<IReadOnlyList<Observation?>> LookAsync(KeyBatch keys, Action<string>? sawType, CancellationToken stop)
    {
        await SeeTypesAsync(keys, stop);
        for (var i = 0; i < keys.Count; i++)
        {
            if (sawType is not null && _states[i].SourceType != RedisTypes.None)
            {
                sawType(_states[i].SourceType);
            }
        }

        await SeeSizesAsync(keys, stop);
        await SeeModestValuesAsync(keys, stop);
        await SeeFieldExpiriesAsync(keys, stop);
        var seen = new Observation?[keys.Count];
        for (var i = 0; i < keys.Count; i++)
        {
            if (_states[i].IsOpen)
            {
                _states[i].Seen = await SeeLargeAsync(keys.Memory(i), i, stop);
            }

            seen[i] = Finish(i);
        }

        return seen;
    }

    /// <summary>Whether the source did not have the key when <see cref="LookAsync"/> was called last.</summary>
    public bool IsGone(int index) => _states[index].SourceType == RedisTypes.None;

    /// <inheritdoc/>
    public void Dispose() => _large.Dispose();

    private async ValueTask SeeTypesAsync(KeyBatch keys, CancellationToken stop)
    {
        foreach (var (side, named) in ((VerifySide, KeyBatch)[])[(_source, keys), (_target, link.OnTarget(keys))])
        {
            for (var i = 0; i < named.Count; i++)
            {
                side.Looks.Output.Raw("*2\r\n$4\r\nTYPE\r\n"u8);
                side.Looks.Output.Bulk(named[i]);
            }

            ExpiryQuestions.Ask(side, side.Looks.Output, named);
        }

        for (var i = 0; !_kinds.AreNone && i < keys.Count; i++)
        {
            _kinds.Ask(_source.Looks.Output, keys[i]);
        }

        await link.FlushLooksAsync(stop);
        for (var i = 0; i < keys.Count; i++)
        {
            _states[i] = default;
            _states[i].SourceType = await ReadTypeAsync(_source, stop);
            _states[i].TargetType = await ReadTypeAsync(_target, stop);
        }

        await ExpiryQuestions.ReadAsync(_source, _source.Looks, _sourceExpiries.AsMemory(0, keys.Count), stop);
        await ExpiryQuestions.ReadAsync(_target, _target.Looks, _targetExpiries.AsMemory(0, keys.Count), stop);
        for (var i = 0; i < keys.Count; i++)
        {
            if (!_kinds.AreNone && !(await _kinds.ReadAsync(_source.Looks, _source.Check, stop)).Belongs)
            {
                LeaveOut(ref _states[i]);
            }

            JudgePresence(ref _states[i], _sourceExpiries[i], _targetExpiries[i]);
        }
    }

    /// <summary>What the source has does not belong to the run, as if it were not there; so what the target has is surplus, if it is the run's at all.</summary>
    private void LeaveOut(ref LookState state)
    {
        state.SourceType = RedisTypes.None;
        if (!link.Options.TargetKeysOwned)
        {
            state.TargetType = RedisTypes.None;
        }
    }

    private void JudgePresence(ref LookState state, long onSource, long onTarget)
    {
        var now = link.Time.GetUtcNow();
        var (source, target) = (state.SourceType, state.TargetType);
        if (source == RedisTypes.None || target == RedisTypes.None)
        {
            state.Seen = (source, target) switch
            {
                (RedisTypes.None, RedisTypes.None) => null,
                (_, RedisTypes.None) when !link.Expiry.IsDueOnSource(onSource, now) => new(
                    DifferenceKind.Missing,
                    $"{source}, on the source only"
                ),
                (RedisTypes.None, _) when !link.Expiry.IsDueOnTarget(onTarget, now) => new(
                    DifferenceKind.Surplus,
                    $"{target}, on the target only"
                ),
                _ => null,
            };
        }
        else if (source != target)
        {
            state.Seen = new(DifferenceKind.Type, $"{source} on the source, {target} on the target");
        }
        else
        {
            state.IsOpen = true;
        }
    }

    private static async ValueTask<string> ReadTypeAsync(VerifySide side, CancellationToken stop)
    {
        var frame = await side.Looks.ReadAsync(stop);
        side.Check(frame, "TYPE");
        var reader = new RespReader(frame.Span);
        reader.Require();
        return RedisTypes.Of(reader.Bytes);
    }

    private async ValueTask SeeSizesAsync(KeyBatch keys, CancellationToken stop)
    {
        var names = link.OnTarget(keys);
        for (var i = 0; i < keys.Count; i++)
        {
            if (_states[i].IsOpen && RedisTypes.SizeCommand(_states[i].SourceType) is { } command)
            {
                AskSize(_source, command, keys.Memory(i));
                AskSize(_target, command, names.Memory(i));
            }
        }

        await link.FlushLooksAsync(stop);
        for (var i = 0; i < keys.Count; i++)
        {
            if (_states[i].IsOpen && RedisTypes.SizeCommand(_states[i].SourceType) is { } command)
            {
                var (onSource, memory) = await ReadSizeAsync(_source, command, stop);
                var (onTarget, other) = await ReadSizeAsync(_target, command, stop);
                _states[i].Memory = Math.Max(memory, other);
                JudgeSizes(ref _states[i], onSource, onTarget);
            }
        }
    }

    private static void AskSize(VerifySide side, string command, ReadOnlyMemory<byte> key)
    {
        side.Looks.Write(command, key);
        if (side.TellsSizes)
        {
            MemoryQuestion.Ask(side.Looks.Output, key.Span);
        }
    }

    private static void JudgeSizes(ref LookState state, long onSource, long onTarget)
    {
        (state.SourceSize, state.TargetSize) = (onSource, onTarget);
        if (onSource < 0 || onTarget < 0)
        {
            Settle(ref state, Observation.Moving);
        }
        else if (onSource != onTarget && !MayBeHyperLogLogs(state))
        {
            var unit = state.SourceType == RedisTypes.Text ? "bytes" : "elements";
            Settle(
                ref state,
                new(
                    DifferenceKind.Value,
                    $"{state.SourceType}: {onSource} {unit} on the source, {onTarget} on the target",
                    (ulong)onSource,
                    (ulong)onTarget
                )
            );
        }
    }

    /// <summary>HyperLogLogs of one value differ in length when one is sparse and the other dense.</summary>
    private static bool MayBeHyperLogLogs(in LookState state) =>
        state.SourceType == RedisTypes.Text && Math.Max(state.SourceSize, state.TargetSize) <= HyperLogLog.MaxLength;

    /// <summary>The size, or -1 where the key is of another type by now; and the memory that it uses, or 0.</summary>
    private static async ValueTask<(long Size, long Memory)> ReadSizeAsync(VerifySide side, string command, CancellationToken stop)
    {
        var frame = await side.Looks.ReadAsync(stop);
        var size = side.HasChanged(frame, command) ? -1 : IntegerIn(frame.Span);
        if (!side.TellsSizes)
        {
            return (size, 0);
        }

        frame = await side.Looks.ReadAsync(stop);
        side.Check(frame, MemoryQuestion.Command);
        return (size, MemoryQuestion.Bytes(frame.Span));
    }

    private static long IntegerIn(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return reader.Integer;
    }

    private async ValueTask SeeModestValuesAsync(KeyBatch keys, CancellationToken stop)
    {
        var names = link.OnTarget(keys);
        for (var i = 0; i < keys.Count; i++)
        {
            if (IsModest(_states[i]))
            {
                AskValue(_source.Looks, _states[i].SourceType, keys.Memory(i));
                AskValue(_target.Looks, _states[i].SourceType, names.Memory(i));
            }
        }

        await link.FlushLooksAsync(stop);
        for (var i = 0; i < keys.Count; i++)
        {
            if (IsModest(_states[i]))
            {
                var onSource = await _source.Looks.ReadAsync(stop);
                var onTarget = await _target.Looks.ReadAsync(stop);
                var type = _states[i].SourceType;
                var changed = _source.HasChanged(onSource, ValueCommand(type)) | _target.HasChanged(onTarget, ValueCommand(type));
                var seen = changed ? Observation.Moving : CompareModest(type, onSource, onTarget);
                Settle(ref _states[i], seen);
                _states[i].AskedFields = seen is null && type == RedisTypes.Hash && _large.Fields.Ask(keys.Memory(i), onSource);
            }
        }
    }

    private static bool IsModest(in LookState state) =>
        state.IsOpen
        && state.SourceType != RedisTypes.Stream
        && RedisTypes.SizeCommand(state.SourceType) is not null
        && (
            state.SourceType == RedisTypes.Text
                ? Math.Max(state.SourceSize, state.TargetSize) <= ModestBytes
                : Math.Max(state.SourceSize, state.TargetSize) <= ModestElements && state.Memory <= ModestMemory
        );

    private static string ValueCommand(string type) =>
        type switch
        {
            RedisTypes.Text => "GET",
            RedisTypes.List => "LRANGE",
            RedisTypes.Set => "SMEMBERS",
            RedisTypes.SortedSet => "ZRANGE",
            _ => "HGETALL",
        };

    private static void AskValue(RespConnection connection, string type, ReadOnlyMemory<byte> key)
    {
        var command = ValueCommand(type);
        switch (type)
        {
            case RedisTypes.List:
                connection.Write(command, key, 0, -1);
                break;
            case RedisTypes.SortedSet:
                connection.Write(command, key, 0, -1, "WITHSCORES");
                break;
            default:
                connection.Write(command, key);
                break;
        }
    }

    private static Observation? CompareModest(string type, ReadOnlyMemory<byte> source, ReadOnlyMemory<byte> target)
    {
        var (equal, unordered, what) = type switch
        {
            RedisTypes.Text => (ValueFrames.AreEqualStrings(source.Span, target.Span), 0, "string: other bytes"),
            RedisTypes.List => (source.Span.SequenceEqual(target.Span), 0, "list: other elements"),
            RedisTypes.Set => (ValueFrames.AreEqualUnordered(source, target, 1), 1, "set: other members"),
            RedisTypes.SortedSet => (ValueFrames.AreEqualScored(source.Span, target.Span), 0, "zset: other members or scores"),
            _ => (ValueFrames.AreEqualUnordered(source, target, 2), 2, "hash: other fields or values"),
        };
        if (equal)
        {
            return null;
        }

        return unordered == 0
            ? new(DifferenceKind.Value, what, ValueFrames.Digest(source.Span), ValueFrames.Digest(target.Span))
            : new(
                DifferenceKind.Value,
                what,
                ValueFrames.UnorderedDigest(source.Span, unordered),
                ValueFrames.UnorderedDigest(target.Span, unordered)
            );
    }

    private async ValueTask SeeFieldExpiriesAsync(KeyBatch keys, CancellationToken stop)
    {
        await link.FlushLooksAsync(stop);
        for (var i = 0; i < keys.Count; i++)
        {
            if (_states[i].AskedFields)
            {
                _states[i].Seen = await _large.Fields.ReadAsync(stop);
            }
        }
    }

    private async ValueTask<Observation?> SeeLargeAsync(ReadOnlyMemory<byte> key, int index, CancellationToken stop)
    {
        var state = _states[index];
        try
        {
            return state.SourceType == RedisTypes.Stream
                ? await _streams.CompareAsync(key, stop)
                : await _large.CompareAsync(state.SourceType, key, new ValueSize(state.SourceSize, state.Memory), stop);
        }
        catch (ValueChangedException)
        {
            // The connection is in order: whatever throws this has read all answers that were due, or abandons the link.
            return Observation.Moving;
        }
    }

    private Observation? Finish(int index)
    {
        var (seen, onSource, onTarget) = (_states[index].Seen, _sourceExpiries[index], _targetExpiries[index]);
        if (seen is null && _states[index] is { SourceType: not RedisTypes.None, TargetType: not RedisTypes.None })
        {
            seen = CompareExpiry(onSource, onTarget);
        }

        return seen is null or { Changing: true } ? seen : seen with { SourceExpiry = onSource, TargetExpiry = onTarget };
    }

    private Observation? CompareExpiry(long onSource, long onTarget)
    {
        if (link.Expiry.Agree(onSource, onTarget))
        {
            return null;
        }

        // The key may have vanished between the two questions about it.
        if (onSource == ExpiryRule.Absent || onTarget == ExpiryRule.Absent)
        {
            return Observation.Moving;
        }

        var later = link.Expiry.Later(onSource, onTarget) / 1000.0;
        return new(
            DifferenceKind.Expiry,
            (onSource, onTarget) switch
            {
                (ExpiryRule.Never, _) => "no expiry on the source",
                (_, ExpiryRule.Never) => "no expiry on the target",
                _ => $"expires {Math.Abs(later):0.###} s {(later > 0 ? "later" : "earlier")} on the target",
            }
        );
    }

    private static void Settle(ref LookState state, Observation? seen)
    {
        state.IsOpen = false;
        state.Seen = seen;
    }
}
