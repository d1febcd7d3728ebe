using System.Buffers;
using System.Globalization;
using System.IO.Hashing;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Compares whole values, as servers answer them, in the sense of their type: fields and members in any order, scores as numbers.</summary>
internal static class ValueFrames
{
    /// <summary>A digest of an answer in which order means something.</summary>
    public static ulong Digest(ReadOnlySpan<byte> frame) => XxHash3.HashToUInt64(frame);

    /// <summary>A digest of an answer in which groups of <paramref name="size"/> elements (members; fields with their values) may stand in any order.</summary>
    public static ulong UnorderedDigest(ReadOnlySpan<byte> frame, int size)
    {
        var reader = new RespReader(frame);
        var sum = 0UL;
        for (var left = reader.RequireAggregate(); left >= size; left -= size)
        {
            var group = 0UL;
            for (var i = 0; i < size; i++)
            {
                reader.Require();
                group = (group * 0x9E3779B97F4A7C15) ^ XxHash3.HashToUInt64(reader.Bytes);
            }

            sum += XxHash3.HashToUInt64(BitConverter.GetBytes(group));
        }

        return sum;
    }

    /// <summary>Whether two answers hold the same groups of <paramref name="size"/> elements in any order. Exact: the groups are sorted and compared byte by byte.</summary>
    public static bool AreEqualUnordered(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right, int size)
    {
        if (left.Span.SequenceEqual(right.Span))
        {
            return true;
        }

        var (ofLeft, leftCount) = Elements(left.Span);
        var (ofRight, rightCount) = Elements(right.Span);
        try
        {
            return leftCount == rightCount && SameGroups(left, ofLeft, right, ofRight, leftCount, size);
        }
        finally
        {
            ArrayPool<Range>.Shared.Return(ofLeft);
            ArrayPool<Range>.Shared.Return(ofRight);
        }
    }

    /// <summary>Whether two answers of members with scores hold the same members, in the same order, with scores that are the same number.</summary>
    public static bool AreEqualScored(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right))
        {
            return true;
        }

        var ofLeft = new RespReader(left);
        var ofRight = new RespReader(right);
        var count = ofLeft.RequireAggregate();
        if (count != ofRight.RequireAggregate())
        {
            return false;
        }

        for (var i = 0; i < count; i++)
        {
            ofLeft.Require();
            ofRight.Require();
            var same = ofLeft.Bytes.SequenceEqual(ofRight.Bytes);
            if (!same && (i % 2 == 0 || !IsSameScore(ofLeft.Bytes, ofRight.Bytes)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether both texts are the same number to the last bit; 0 and -0 order and count the same in Redis and are the same here.</summary>
    public static bool IsSameScore(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        var (ofLeft, ofRight) = (Score(left), Score(right));
        return ofLeft.Equals(ofRight) || ofLeft == ofRight;
    }

    /// <summary>Whether two answers to GET hold the same string; HyperLogLogs are the same when their registers are.</summary>
    public static bool AreEqualStrings(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (left.SequenceEqual(right))
        {
            return true;
        }

        var ofLeft = new RespReader(left);
        var ofRight = new RespReader(right);
        ofLeft.Require();
        ofRight.Require();
        return !ofLeft.IsNull && !ofRight.IsNull && HyperLogLog.AreEqual(ofLeft.Bytes, ofRight.Bytes);
    }

    private static double Score(ReadOnlySpan<byte> text)
    {
        if (text.SequenceEqual("inf"u8) || text.SequenceEqual("+inf"u8))
        {
            return double.PositiveInfinity;
        }

        if (text.SequenceEqual("-inf"u8))
        {
            return double.NegativeInfinity;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var score)
            ? score
            : throw new RespProtocolException("a score is no number");
    }

    private static bool SameGroups(
        ReadOnlyMemory<byte> left,
        Range[] ofLeft,
        ReadOnlyMemory<byte> right,
        Range[] ofRight,
        int count,
        int size
    )
    {
        var leftOrder = Sorted(left, ofLeft, count, size);
        var rightOrder = Sorted(right, ofRight, count, size);
        for (var group = 0; group < leftOrder.Length; group++)
        {
            for (var i = 0; i < size; i++)
            {
                var onLeft = left.Span[ofLeft[leftOrder[group] + i]];
                if (!onLeft.SequenceEqual(right.Span[ofRight[rightOrder[group] + i]]))
                {
                    return false;
                }
            }
        }

        return true;
    }

    /// <summary>Where the groups begin, in the order of their elements.</summary>
    private static int[] Sorted(ReadOnlyMemory<byte> frame, Range[] elements, int count, int size)
    {
        var order = new int[count / size];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i * size;
        }

        Array.Sort(order, (left, right) => CompareGroups(frame.Span, elements.AsSpan(left, size), elements.AsSpan(right, size)));
        return order;
    }

    private static int CompareGroups(ReadOnlySpan<byte> frame, ReadOnlySpan<Range> left, ReadOnlySpan<Range> right)
    {
        var compared = 0;
        for (var i = 0; i < left.Length && compared == 0; i++)
        {
            compared = frame[left[i]].SequenceCompareTo(frame[right[i]]);
        }

        return compared;
    }

    private static (Range[] Elements, int Count) Elements(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        var count = reader.RequireAggregate();
        var elements = ArrayPool<Range>.Shared.Rent(Math.Max(1, count));
        for (var i = 0; i < count; i++)
        {
            reader.Require();
            _ = frame.Overlaps(reader.Bytes, out var start);
            elements[i] = new Range(start, start + reader.Bytes.Length);
        }

        return (elements, count);
    }
}
