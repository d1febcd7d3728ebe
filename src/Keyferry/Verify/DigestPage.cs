using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>What one server has said of one page of keys, copied out of its reply (<see cref="DigestScript.Text"/>). Reused.</summary>
internal sealed class DigestPage
{
    private readonly ArrayBufferWriter<byte> _names = new();
    private readonly ArrayBufferWriter<byte> _looked = new();
    private readonly ArrayBufferWriter<byte> _digest = new();
    private readonly ArrayBufferWriter<byte> _expiries = new();
    private readonly ArrayBufferWriter<byte> _apart = new();
    private readonly ArrayBufferWriter<byte> _tables = new();

    /// <summary>The cursor of the next page; 0 at the end.</summary>
    public ulong Next { get; private set; }

    /// <summary>Bytes of the values.</summary>
    public long ValueBytes { get; private set; }

    /// <summary>How many keys were looked at.</summary>
    public int Count { get; private set; }

    /// <summary>Whether there is a digest for each key.</summary>
    public bool Each { get; private set; }

    /// <summary>Packed names of all keys of the page, or of those that were asked for.</summary>
    public ReadOnlySpan<byte> Names => _names.WrittenSpan;

    /// <summary>Packed names of the keys that were looked at, where there are any.</summary>
    public ReadOnlyMemory<byte> Looked => _looked.WrittenCount == 0 ? _names.WrittenMemory : _looked.WrittenMemory;

    /// <summary>The digest of all values, or the digests of each.</summary>
    public ReadOnlySpan<byte> Digest => _digest.WrittenSpan;

    /// <summary>Places and expiries of the keys that expire, in order.</summary>
    public ReadOnlySpan<byte> Expiries => _expiries.WrittenSpan;

    /// <summary>Packed names of keys that were not looked at.</summary>
    public ReadOnlySpan<byte> Apart => _apart.WrittenSpan;

    /// <summary>Takes a reply.</summary>
    /// <param name="frame">The reply, which is no error.</param>
    /// <param name="each">Whether a digest for each key was asked for.</param>
    /// <param name="asked">The packed names that were asked for; empty for a page of the server's own.</param>
    /// <exception cref="RespProtocolException">It is no reply of the script.</exception>
    public void Take(ReadOnlySpan<byte> frame, bool each, ReadOnlySpan<byte> asked)
    {
        Each = each;
        var reader = new RespReader(frame);
        _ = reader.RequireAggregate();
        reader.Require();
        ulong next = 0;
        if (!reader.Bytes.IsEmpty && !Utf8Parser.TryParse(reader.Bytes, out next, out _))
        {
            throw new RespProtocolException("SCAN answered with a cursor that is no number");
        }

        Next = next;
        reader.Require();
        ValueBytes = reader.Integer;
        reader.Require();
        Count = checked((int)reader.Integer);
        foreach (var part in (ReadOnlySpan<ArrayBufferWriter<byte>>)[_names, _looked, _digest, _expiries, _apart, _tables])
        {
            reader.Require();
            part.ResetWrittenCount();
            part.Write(reader.Bytes);
        }

        if (!asked.IsEmpty)
        {
            _names.Write(asked);
        }
    }

    /// <summary>Takes what was put together of several replies.</summary>
    /// <param name="count">How many keys.</param>
    /// <param name="each">Whether there is a digest for each key.</param>
    /// <param name="digest">The digest, or the digests.</param>
    /// <param name="expiries">Places and expiries, in order.</param>
    public void Set(int count, bool each, ReadOnlySpan<byte> digest, ReadOnlySpan<byte> expiries)
    {
        (Count, Each, Next, ValueBytes) = (count, each, 0, 0);
        foreach (var part in (ReadOnlySpan<ArrayBufferWriter<byte>>)[_names, _looked, _digest, _expiries, _apart, _tables])
        {
            part.ResetWrittenCount();
        }

        _digest.Write(digest);
        _expiries.Write(expiries);
    }

    /// <summary>Tells the expiries of the keys that expire.</summary>
    /// <param name="places">The places of this page's keys among others, from 0 on.</param>
    /// <param name="expiries">Gets them, each at its place.</param>
    public void CopyExpiries(IReadOnlyList<int> places, Span<long> expiries)
    {
        for (var offset = 0; offset < _expiries.WrittenCount; offset += DigestScript.ExpiryLength)
        {
            var (place, expiry) = At(offset);
            expiries[places[place - 1]] = expiry;
        }
    }

    /// <summary>Writes one place, from 1 on, and its expiry as a server tells them.</summary>
    public static void WriteExpiry(IBufferWriter<byte> output, int place, long expiry)
    {
        Span<byte> entry = stackalloc byte[DigestScript.ExpiryLength];
        BinaryPrimitives.WriteUInt16BigEndian(entry, (ushort)place);
        BinaryPrimitives.WriteUInt16BigEndian(entry[DigestScript.PlaceLength..], (ushort)(expiry >> 32));
        BinaryPrimitives.WriteUInt32BigEndian(entry[(DigestScript.PlaceLength + 2)..], (uint)expiry);
        output.Write(entry);
    }

    /// <summary>Whether both servers have said that the key at a place has the same value.</summary>
    public bool AgreesAt(int place, DigestPage other) => AgreesAt(place, other, place);

    /// <summary>The same for a key that has another place in the page of the other.</summary>
    public bool AgreesAt(int place, DigestPage other, int otherPlace)
    {
        var (at, otherAt) = (place * DigestScript.KeyDigestLength, otherPlace * DigestScript.KeyDigestLength);
        return Digest.Length >= at + DigestScript.KeyDigestLength
            && other.Digest.Length >= otherAt + DigestScript.KeyDigestLength
            && Digest.Slice(at, DigestScript.KeyDigestLength).SequenceEqual(other.Digest.Slice(otherAt, DigestScript.KeyDigestLength));
    }

    /// <summary>Marks the places of hash tables that are not certainly equal: told apart from the digest, by both servers or by one.</summary>
    public void MarkUnequalTables(DigestPage target, Span<bool> unequal)
    {
        var mine = new PackedNames(_tables.WrittenSpan);
        var its = new PackedNames(target._tables.WrittenSpan);
        var (here, there) = (PlaceOf(ref mine, out var value), PlaceOf(ref its, out var other));
        while (Math.Min(here, there) is var place && place != int.MaxValue)
        {
            unequal[place - 1] |= here != there || !TableValues.AreEqual(value, other);
            here = here == place ? PlaceOf(ref mine, out value) : here;
            there = there == place ? PlaceOf(ref its, out other) : there;
        }
    }

    private static int PlaceOf(ref PackedNames tables, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (!tables.Next(out var place))
        {
            return int.MaxValue;
        }

        return place.Length == DigestScript.PlaceLength && tables.Next(out payload)
            ? BinaryPrimitives.ReadUInt16BigEndian(place)
            : throw new RespProtocolException("a script told of a hash table without its payload");
    }

    /// <summary>Marks the places of keys whose expiries do not agree.</summary>
    public void MarkUnequalExpiries(DigestPage target, ExpiryRule rule, Span<bool> unequal)
    {
        var (mine, its) = (0, 0);
        while (mine < _expiries.WrittenCount || its < target._expiries.WrittenCount)
        {
            var (here, there) = (At(mine), target.At(its));
            var place = Math.Min(here.Place, there.Place);
            var onSource = here.Place == place ? here.Expiry : ExpiryRule.Never;
            var onTarget = there.Place == place ? there.Expiry : ExpiryRule.Never;
            mine += here.Place == place ? DigestScript.ExpiryLength : 0;
            its += there.Place == place ? DigestScript.ExpiryLength : 0;
            unequal[place - 1] |= !rule.Agree(onSource, onTarget);
        }
    }

    private (int Place, long Expiry) At(int offset)
    {
        if (offset >= _expiries.WrittenCount)
        {
            return (int.MaxValue, ExpiryRule.Never);
        }

        var entry = _expiries.WrittenSpan.Slice(offset, DigestScript.ExpiryLength);
        var expiry = entry[DigestScript.PlaceLength..];
        return (
            BinaryPrimitives.ReadUInt16BigEndian(entry),
            ((long)BinaryPrimitives.ReadUInt16BigEndian(expiry) << 32) | BinaryPrimitives.ReadUInt32BigEndian(expiry[2..])
        );
    }
}
