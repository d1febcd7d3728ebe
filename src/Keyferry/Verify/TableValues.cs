using System.IO.Hashing;
using Keyferry.Payloads;

namespace Keyferry.Verify;

/// <summary>Compares the DUMP payloads of sets and hashes that are kept as hash tables, which every server lists in an order of its own (the seed of the hash function is random).</summary>
internal static class TableValues
{
    /// <summary>Whether two payloads certainly hold the same value: as many members, and the same sum of their 128-bit hashes.</summary>
    /// <remarks>Members are compared as they are encoded. The same member encoded otherwise (one server compresses, the other does not) counts as another.</remarks>
    public static bool AreEqual(ReadOnlySpan<byte> source, ReadOnlySpan<byte> target)
    {
        if (source.Length != target.Length || source.Length <= PayloadFooter.Length)
        {
            return false;
        }

        var here = source[..^PayloadFooter.Length];
        var there = target[..^PayloadFooter.Length];
        try
        {
            return here.SequenceEqual(there) || (here[0] == there[0] && SumOf(here) == SumOf(there));
        }
        catch (PayloadException)
        {
            // Whatever this is, the closer look does not read payloads.
            return false;
        }
    }

    private static (int Members, UInt128 Sum) SumOf(ReadOnlySpan<byte> body)
    {
        var reader = new PayloadReader(body[1..]);
        var isHash = (PayloadType)body[0] == PayloadType.Hash;
        var members = reader.Count();
        var sum = UInt128.Zero;
        for (var left = members; left > 0; left--)
        {
            var start = reader.Position;
            reader.SkipText();
            if (isHash)
            {
                reader.SkipText();
            }

            sum += XxHash128.HashToUInt128(reader.Since(start));
        }

        return (members, sum);
    }
}
