using System.Globalization;

namespace Keyferry.Payloads;

/// <summary>Writes a value whose encoding the target does not know in one that every server since 4.0 reads: an element after the other. The target encodes it as it likes.</summary>
/// <remarks>Reused for one value after the other; not thread-safe.</remarks>
/// <param name="target">What the target reads.</param>
/// <param name="shift">Milliseconds that are added to the source's absolute times to give the target's.</param>
internal sealed class ValueRewriter(PayloadFormat target, long shift) : IDisposable
{
    private readonly PayloadWriter _body = new();
    private readonly PayloadWriter _field = new();
    private readonly PayloadWriter _value = new();
    private byte[] _room = new byte[4096];

    /// <summary>Rewrites a payload's body.</summary>
    /// <param name="body">The payload without its footer.</param>
    /// <returns>The new body, valid until the next call; empty where the value is a hash with field expiries, which the target cannot hold.</returns>
    /// <exception cref="PayloadException">It is damaged, or of a form that is not known here.</exception>
    public ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> body)
    {
        var reader = new PayloadReader(body);
        var type = (PayloadType)reader.Byte();
        switch (type)
        {
            case PayloadType.SetListpack:
                RewriteSet(reader);
                break;
            case PayloadType.SortedSetListpack:
                RewriteSortedSet(reader);
                break;
            case PayloadType.ListOfListpacks:
                RewriteList(reader);
                break;
            case PayloadType.StreamOf7 or PayloadType.StreamOf72 or PayloadType.StreamOf86:
                StreamRewriter.Rewrite(reader, type, target.Stream, _body);
                break;
            case PayloadType.HashListpack
            or PayloadType.HashListpackWithExpiries
            or PayloadType.HashWithExpiries
            or PayloadType.ValkeyHashWithExpiries:
                return RewriteHash(reader, type) ? _body.Written : default;
            default:
                throw new PayloadException("the value is of a type that is not known");
        }

        return _body.Written;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _body.Dispose();
        _field.Dispose();
        _value.Dispose();
    }

    private void RewriteSet(PayloadReader reader)
    {
        var members = reader.Text(ref _room);
        _body.Begin(PayloadType.Set);
        _body.Number((ulong)Listpack.Count(members));
        for (var list = new Listpack(members); list.Read(); )
        {
            _body.Text(list);
        }
    }

    private void RewriteSortedSet(PayloadReader reader)
    {
        var members = reader.Text(ref _room);
        _body.Begin(PayloadType.SortedSet);
        _body.Number((ulong)Listpack.Count(members) / 2);
        for (var list = new Listpack(members); list.Read(); )
        {
            _body.Text(list);
            list.Require();
            _body.Fixed(BitConverter.DoubleToInt64Bits(list.IsNumber ? list.Number : Score(list.Bytes)));
        }
    }

    private static double Score(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("inf"u8) ? double.PositiveInfinity
        : text.SequenceEqual("-inf"u8) ? double.NegativeInfinity
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var score) ? score
        : throw new PayloadException("a score is no number");

    /// <summary>A list comes as nodes: listpacks, and large elements of their own.</summary>
    private void RewriteList(PayloadReader reader)
    {
        const ulong Plain = 1;
        _body.Begin(PayloadType.List);
        var at = _body.LeaveCount();
        var count = 0;
        for (var nodes = reader.Count(); nodes > 0; nodes--)
        {
            var kind = reader.Length();
            var node = reader.Text(ref _room);
            if (kind == Plain)
            {
                _body.Text(node);
                count++;
                continue;
            }

            for (var list = new Listpack(node); list.Read(); count++)
            {
                _body.Text(list);
            }
        }

        _body.SetCount(at, count);
    }

    private bool RewriteHash(PayloadReader reader, PayloadType type)
    {
        // Two walks: the expiries decide the form, and Redis wants the first of them before the fields.
        var (fields, first) = (0, long.MaxValue);
        for (var hash = new HashReader(reader, type, ref _room); hash.Read(_field, _value); fields++)
        {
            first = hash.Expiry < 0 ? first : Math.Min(first, hash.Expiry + shift);
        }

        if (first != long.MaxValue && target.HashWithExpiries is null)
        {
            return false;
        }

        var form = first == long.MaxValue ? PayloadType.Hash : target.HashWithExpiries ?? PayloadType.Hash;
        _body.Begin(form);
        if (form == PayloadType.HashWithExpiries)
        {
            _body.Fixed(first);
        }

        _body.Number((ulong)fields);
        for (var hash = new HashReader(reader, type, ref _room); hash.Read(_field, _value); )
        {
            var expiry = hash.Expiry < 0 ? -1 : hash.Expiry + shift;
            if (form == PayloadType.HashWithExpiries)
            {
                _body.Number(expiry < 0 ? 0 : (ulong)(expiry - first + 1));
            }

            _body.Raw(_field.Written);
            _body.Raw(_value.Written);
            if (form == PayloadType.ValkeyHashWithExpiries)
            {
                _body.Fixed(expiry);
            }
        }

        return true;
    }
}
