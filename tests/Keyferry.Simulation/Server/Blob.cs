using System.Text;

namespace Keyferry.Simulation.Server;

/// <summary>An immutable byte string, compared by content.</summary>
internal readonly struct Blob(byte[] bytes) : IEquatable<Blob>, IComparable<Blob>
{
    private readonly byte[]? _bytes = bytes;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>How many.</summary>
    public int Length => _bytes?.Length ?? 0;

    public static implicit operator Blob(string text) => new(Encoding.UTF8.GetBytes(text));

    public static implicit operator Blob(byte[] bytes) => new(bytes);

    public static implicit operator Blob(long number) => number.ToString();

    public static bool operator ==(Blob left, Blob right) => left.Equals(right);

    public static bool operator !=(Blob left, Blob right) => !left.Equals(right);

    public static bool operator <(Blob left, Blob right) => left.CompareTo(right) < 0;

    public static bool operator >(Blob left, Blob right) => left.CompareTo(right) > 0;

    public static bool operator <=(Blob left, Blob right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Blob left, Blob right) => left.CompareTo(right) >= 0;

    /// <summary>The bytes in an array of the caller's own.</summary>
    public byte[] ToArray() => Span.ToArray();

    /// <inheritdoc/>
    public bool Equals(Blob other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Blob other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)Hash(0);

    /// <summary>A hash that depends on a server's seed, as the order of its tables does.</summary>
    public ulong Hash(ulong seed)
    {
        var hash = seed ^ 0xCBF29CE484222325;
        foreach (var value in Span)
        {
            hash = (hash ^ value) * 0x100000001B3;
        }

        hash = (hash ^ (hash >> 29)) * 0xBF58476D1CE4E5B9;
        return hash ^ (hash >> 32);
    }

    /// <inheritdoc/>
    public int CompareTo(Blob other) => Span.SequenceCompareTo(other.Span);

    /// <summary>Whether it reads <paramref name="word"/>, in any case of letters.</summary>
    public bool Is(string word) => Length == word.Length && ToString().Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>The bytes as text.</summary>
    public override string ToString() => Encoding.Latin1.GetString(Span);
}
