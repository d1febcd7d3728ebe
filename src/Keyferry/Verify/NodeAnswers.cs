using System.Buffers;
using System.Buffers.Binary;

namespace Keyferry.Verify;

/// <summary>What the nodes of a cluster say of one page of keys, each of its own, put together as if one server had said it. Reused.</summary>
/// <remarks>Digests of keys are added up by the nodes (<see cref="DigestScript.Text"/>), and so are their sums. Where a node has not said anything of a key, the digests are
/// none that a server gives.</remarks>
internal sealed class NodeAnswers
{
    private const int SumBits = 48;
    private const ulong SumMask = (1UL << SumBits) - 1;

    private readonly DigestPage _part = new();
    private readonly ArrayBufferWriter<byte> _told = new();
    private byte[] _digests = [];
    private long[] _expiries = [];
    private ulong _sum;
    private ushort _more;
    private int _said;
    private int _keys;
    private bool _each;

    /// <summary>Begins with another page.</summary>
    public void Begin(int keys, bool each)
    {
        (_keys, _each) = (keys, each);
        (_sum, _more, _said) = (0, 0, 0);
        _digests = new byte[each ? keys * DigestScript.KeyDigestLength : 0];
        _expiries = new long[keys];
        Array.Fill(_expiries, ExpiryRule.Never);
    }

    /// <summary>Takes the answer of a node.</summary>
    /// <returns>Whether it speaks of all the keys at these places; if not, it counts for nothing.</returns>
    public bool Take(ReadOnlySpan<byte> frame, IReadOnlyList<int> places)
    {
        _part.Take(frame, _each, asked: default);
        var length = _each ? places.Count * DigestScript.KeyDigestLength : DigestScript.SumLength;
        if (_part.Count != places.Count || _part.Digest.Length != length)
        {
            return false;
        }

        _said += places.Count;
        _part.CopyExpiries(places, _expiries);
        if (!_each)
        {
            var sum = BinaryPrimitives.ReadUInt64BigEndian(_part.Digest);
            _sum = (_sum + sum) & SumMask;
            _more += (ushort)(sum >> SumBits);
            return true;
        }

        for (var i = 0; i < places.Count; i++)
        {
            _part
                .Digest.Slice(i * DigestScript.KeyDigestLength, DigestScript.KeyDigestLength)
                .CopyTo(_digests.AsSpan(places[i] * DigestScript.KeyDigestLength));
        }

        return true;
    }

    /// <summary>Puts all of it into a page.</summary>
    public void End(DigestPage page)
    {
        _told.ResetWrittenCount();
        for (var i = 0; i < _keys; i++)
        {
            if (_expiries[i] != ExpiryRule.Never)
            {
                DigestPage.WriteExpiry(_told, i + 1, _expiries[i]);
            }
        }

        Span<byte> sum = stackalloc byte[DigestScript.SumLength];
        BinaryPrimitives.WriteUInt64BigEndian(sum, ((ulong)_more << SumBits) | _sum);
        page.Set(
            _keys,
            _each,
            _each ? _digests
                : _said == _keys ? sum
                : default,
            _told.WrittenSpan
        );
    }
}
