using System.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Compares the expiries of the fields of hashes that are equal otherwise. A server without them has none.</summary>
internal sealed class FieldExpiryLook(VerifyLink link)
{
    private const string Command = "HPEXPIRETIME";

    /// <summary>Writes the questions about all fields in an answer to HGETALL or a page of HSCAN.</summary>
    /// <returns>Whether there is anything to read.</returns>
    public bool Ask(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> fieldsAndValues)
    {
        var reader = new RespReader(fieldsAndValues.Span);
        var count = reader.RequireAggregate() / 2;
        if (count == 0 || !(link.Source.HasFieldExpiry || link.Target.HasFieldExpiry))
        {
            return false;
        }

        foreach (var side in Sides())
        {
            Begin(side, key, count);
        }

        for (var i = 0; i < count; i++)
        {
            reader.Require();
            foreach (var side in Sides())
            {
                side.Looks.Output.Bulk(reader.Bytes);
            }

            reader.Require();
        }

        return true;
    }

    /// <summary>Writes the questions about the even entries of <paramref name="fieldsAndValues"/>.</summary>
    /// <returns>Whether there is anything to read.</returns>
    public bool Ask(ReadOnlyMemory<byte> key, KeyBatch fieldsAndValues)
    {
        if (fieldsAndValues.Count == 0 || !(link.Source.HasFieldExpiry || link.Target.HasFieldExpiry))
        {
            return false;
        }

        foreach (var side in Sides())
        {
            Begin(side, key, fieldsAndValues.Count / 2);
            for (var i = 0; i < fieldsAndValues.Count; i += 2)
            {
                side.Looks.Output.Bulk(fieldsAndValues[i]);
            }
        }

        return true;
    }

    /// <summary>Reads the answers to the questions that were asked first.</summary>
    public async ValueTask<Observation?> ReadAsync(CancellationToken stop)
    {
        var onSource = link.Source.HasFieldExpiry ? await link.Source.Looks.ReadAsync(stop) : default;
        var onTarget = link.Target.HasFieldExpiry ? await link.Target.Looks.ReadAsync(stop) : default;
        return Compare(onSource.Span, onTarget.Span);
    }

    private IEnumerable<VerifySide> Sides()
    {
        if (link.Source.HasFieldExpiry)
        {
            yield return link.Source;
        }

        if (link.Target.HasFieldExpiry)
        {
            yield return link.Target;
        }
    }

    private void Begin(VerifySide side, ReadOnlyMemory<byte> key, int fields)
    {
        var name = ReferenceEquals(side, link.Target) ? link.OnTarget(key) : key;
        var output = side.Looks.Output;
        output.Command(4 + fields);
        output.Bulk(Encoding.ASCII.GetBytes(Command));
        output.Bulk(name.Span);
        output.Bulk("FIELDS"u8);
        output.Bulk(fields);
    }

    private Observation? Compare(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target)
    {
        var onSource = Read(link.Source, source);
        var onTarget = Read(link.Target, target);
        var count = Math.Max(onSource?.Length ?? 0, onTarget?.Length ?? 0);
        for (var i = 0; i < count; i++)
        {
            var left = ExpiryOf(onSource, i);
            var right = ExpiryOf(onTarget, i);
            if (left == ExpiryRule.Absent || right == ExpiryRule.Absent)
            {
                return Observation.Moving;
            }

            if (!link.Expiry.AgreeAsKept(left, right))
            {
                return new(
                    DifferenceKind.Value,
                    "hash: other field expiries",
                    source.IsEmpty ? 0 : ValueFrames.Digest(source),
                    target.IsEmpty ? 0 : ValueFrames.Digest(target)
                );
            }
        }

        return null;
    }

    private static long ExpiryOf(long[]? expiries, int index) =>
        expiries is null ? ExpiryRule.Never
        : index < expiries.Length ? expiries[index]
        : ExpiryRule.Absent;

    /// <summary>The expiries in an answer; <see langword="null"/> where the server has none, empty where the hash is gone.</summary>
    private static long[]? Read(VerifySide side, ReadOnlySpan<byte> frame)
    {
        if (frame.IsEmpty)
        {
            return null;
        }

        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            var refused = side.Refused(reader.Text, Command);
            return refused is ValueChangedException ? [] : throw refused;
        }

        var expiries = new long[reader.Count];
        for (var i = 0; i < expiries.Length; i++)
        {
            reader.Require();
            expiries[i] = reader.Integer;
        }

        return expiries;
    }
}
