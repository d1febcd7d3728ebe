using System.IO.Hashing;
using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Compares one large value piece by piece, so that memory stays bounded, and values of types that only their payload can be compared of.</summary>
/// <remarks>Ordered values are read on both sides in step. Of hashes and sets the source's elements are scanned and looked up on the target: with equal sizes that is equality.</remarks>
internal sealed class LargeValueLook(VerifyLink link) : IDisposable
{
    private const int StringPiece = 256 * 1024;
    private const int MostElements = 1024;
    private readonly KeyBatch _elements = new();
    private readonly VectorSetLook _vectorSets = new(link);

    /// <summary>Hash-field expiries, which modest hashes need too.</summary>
    public FieldExpiryLook Fields { get; } = new(link);

    /// <summary>Compares values that have the same type and size on both sides.</summary>
    /// <exception cref="ValueChangedException">The value changed meanwhile.</exception>
    public ValueTask<Observation?> CompareAsync(string type, ReadOnlyMemory<byte> key, ValueSize size, CancellationToken stop) =>
        type switch
        {
            RedisTypes.Text => CompareStringsAsync(key, size.Elements, stop),
            RedisTypes.List => CompareRangesAsync(key, size, "LRANGE", [], "list: other elements", stop),
            RedisTypes.SortedSet => CompareRangesAsync(key, size, "ZRANGE", ["WITHSCORES"], "zset: other members or scores", stop),
            RedisTypes.Set => CompareScannedAsync(key, size, "SSCAN", stop),
            RedisTypes.Hash => CompareScannedAsync(key, size, "HSCAN", stop),
            RedisTypes.VectorSet => _vectorSets.CompareAsync(key, stop),
            _ => ComparePayloadsAsync(type, key, stop),
        };

    /// <inheritdoc/>
    public void Dispose() => _elements.Dispose();

    private async ValueTask<Observation?> CompareStringsAsync(ReadOnlyMemory<byte> key, long size, CancellationToken stop)
    {
        for (var start = 0L; start < size; start += StringPiece)
        {
            var (source, target) = await link.AskBothAsync("GETRANGE", key, stop, start, start + StringPiece - 1);
            if (!source.Span.SequenceEqual(target.Span))
            {
                return Different("string: other bytes", start, source, target);
            }

            await link.RestAsync(stop);
        }

        return null;
    }

    private async ValueTask<Observation?> CompareRangesAsync(
        ReadOnlyMemory<byte> key,
        ValueSize size,
        string command,
        RespArgument[] options,
        string what,
        CancellationToken stop
    )
    {
        var sizer = new PageSizer(size, MostElements);
        for (var start = 0L; start < size.Elements; )
        {
            var last = start + sizer.Size - 1;
            var (source, target) = await link.AskBothAsync(command, key, stop, [start, last, .. options]);
            var equal = options.Length == 0 ? source.Span.SequenceEqual(target.Span) : ValueFrames.AreEqualScored(source.Span, target.Span);
            if (!equal)
            {
                return Different(what, start, source, target);
            }

            start = last + 1;
            sizer.Saw(source.Length);
            await link.RestAsync(stop);
        }

        return null;
    }

    private async ValueTask<Observation?> CompareScannedAsync(ReadOnlyMemory<byte> key, ValueSize size, string scan, CancellationToken stop)
    {
        var sizer = new PageSizer(size, MostElements);
        ReadOnlyMemory<byte> cursor = "0"u8.ToArray();
        do
        {
            await link.PassAsync(stop);
            link.Source.Looks.Write(scan, key, cursor, "COUNT", sizer.Size);
            await link.Source.Looks.FlushAsync(stop);
            var page = await link.Source.Looks.ReadAsync(stop);
            link.Source.Check(page, scan);
            link.Pace?.Received(page.Length);
            sizer.Saw(page.Length);
            cursor = Take(page.Span);
            var seen = scan == "HSCAN" ? await LookUpFieldsAsync(key, stop) : await LookUpMembersAsync(key, stop);
            if (seen is not null)
            {
                return seen;
            }

            await link.RestAsync(stop);
        } while (!cursor.Span.SequenceEqual("0"u8));

        return null;
    }

    /// <summary>Keeps the elements of a page and returns its cursor.</summary>
    private byte[] Take(ReadOnlySpan<byte> page)
    {
        _elements.Clear();
        var reader = new RespReader(page);
        _ = reader.RequireAggregate();
        reader.Require();
        var cursor = reader.Bytes.ToArray();
        for (var left = reader.RequireAggregate(); left > 0; left--)
        {
            reader.Require();
            _elements.Add(reader.Bytes);
        }

        return cursor;
    }

    private async ValueTask<Observation?> LookUpMembersAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var target = link.Target.Looks;
        var name = link.OnTarget(key);
        for (var i = 0; i < _elements.Count; i++)
        {
            target.Output.Command(3);
            target.Output.Bulk("SISMEMBER"u8);
            target.Output.Bulk(name.Span);
            target.Output.Bulk(_elements[i]);
        }

        await target.FlushAsync(stop);
        Observation? seen = null;
        for (var i = 0; i < _elements.Count; i++)
        {
            var frame = await target.ReadAsync(stop);
            if (seen is null && !frame.Span.SequenceEqual(":1\r\n"u8))
            {
                seen = Judge(frame, "SISMEMBER", () => new(DifferenceKind.Value, "set: other members", XxHash3.HashToUInt64(_elements[i])));
            }
        }

        return seen;
    }

    private async ValueTask<Observation?> LookUpFieldsAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        if (_elements.Count == 0)
        {
            return null;
        }

        var output = link.Target.Looks.Output;
        output.Command(2 + (_elements.Count / 2));
        output.Bulk("HMGET"u8);
        output.Bulk(link.OnTarget(key).Span);
        for (var i = 0; i < _elements.Count; i += 2)
        {
            output.Bulk(_elements[i]);
        }

        await link.Target.Looks.FlushAsync(stop);
        var frame = await link.Target.Looks.ReadAsync(stop);
        link.Target.Check(frame, "HMGET");
        if (FirstOtherField(frame.Span) is { } field)
        {
            return new(DifferenceKind.Value, "hash: other fields or values", field, ValueFrames.Digest(frame.Span));
        }

        if (!Fields.Ask(key, _elements))
        {
            return null;
        }

        await link.FlushLooksAsync(stop);
        return await Fields.ReadAsync(stop);
    }

    /// <summary>A digest of the first field whose value the answer to HMGET does not hold.</summary>
    private ulong? FirstOtherField(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        for (var i = 0; i < _elements.Count; i += 2)
        {
            reader.Require();
            if (reader.IsNull || !reader.Bytes.SequenceEqual(_elements[i + 1]))
            {
                return XxHash3.HashToUInt64(_elements[i]) ^ XxHash3.HashToUInt64(_elements[i + 1]);
            }
        }

        return null;
    }

    private async ValueTask<Observation?> ComparePayloadsAsync(string type, ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var incomparable = new Observation(DifferenceKind.Value, $"{type}: cannot be compared");
        if (!link.Source.HasDump || !link.Target.HasDump)
        {
            return incomparable with { Incomparable = $"{type} without +dump on both sides" };
        }

        var (source, target) = await link.AskBothAsync("DUMP", key, stop);
        return PayloadPages.AreEqual(source.Span, target.Span)
            ? null
            : incomparable with
            {
                Incomparable = $"{type}, whose payloads differ",
                Source = ValueFrames.Digest(source.Span),
                Target = ValueFrames.Digest(target.Span),
            };
    }

    private Observation Judge(ReadOnlyMemory<byte> frame, string command, Func<Observation> different)
    {
        if (!VerifySide.IsError(frame))
        {
            return different();
        }

        var reader = new RespReader(frame.Span);
        reader.Require();
        var refused = link.Target.Refused(reader.Text, command);
        return refused is ValueChangedException ? Observation.Moving : throw refused;
    }

    private static Observation Different(string what, long where, ReadOnlyMemory<byte> source, ReadOnlyMemory<byte> target) =>
        new(DifferenceKind.Value, what, ValueFrames.Digest(source.Span) + (ulong)where, ValueFrames.Digest(target.Span) + (ulong)where);
}
