using System.Buffers.Binary;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace Keyferry.Traffic.Comparing;

/// <summary>Sums up a value: parts are added with their length, unordered parts are sorted by their bytes first.</summary>
internal sealed class CanonicalValue : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public CanonicalValue Add(RedisValue part)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        byte[] bytes = (byte[]?)part ?? [];
        BinaryPrimitives.WriteInt32BigEndian(length, part.IsNull ? -1 : bytes.Length);
        _hash.AppendData(length);
        _hash.AppendData(bytes);
        return this;
    }

    /// <summary>Scores are compared as the doubles they are: servers print the same one differently.</summary>
    public CanonicalValue Add(double number)
    {
        Span<byte> bits = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleBigEndian(bits, number);
        _hash.AppendData(bits);
        return this;
    }

    public CanonicalValue AddAll(IEnumerable<RedisValue> parts)
    {
        foreach (var part in parts)
        {
            Add(part);
        }

        return this;
    }

    /// <summary>The entries in the order of their names.</summary>
    public static IEnumerable<T> Sorted<T>(IEnumerable<T> entries, Func<T, RedisValue> name) =>
        entries.OrderBy(entry => (byte[]?)name(entry) ?? [], Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));

    public string Sum() => Convert.ToHexString(_hash.GetHashAndReset());

    public void Dispose() => _hash.Dispose();
}
