using System.IO.Hashing;
using System.Text;

namespace Keyferry.Model;

/// <summary>The name of a key: any bytes, compared by content. It owns its bytes.</summary>
/// <remarks>Keys are the customer's data: <see cref="ToString"/> shows only the length. <see cref="Shown"/> is for output that the operator asked for.</remarks>
internal readonly struct KeyName(byte[] bytes) : IEquatable<KeyName>
{
    private readonly byte[]? _bytes = bytes;

    /// <summary>The bytes themselves.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>The bytes themselves.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes;

    /// <summary>The name as text on one line: printable ASCII as it is, everything else as <c>\xNN</c>, shortened to 120 characters.</summary>
    public string Shown()
    {
        var text = new StringBuilder();
        foreach (var b in Span)
        {
            if (text.Length >= 120)
            {
                return text.Append("...").ToString();
            }

            _ = b is >= 0x20 and < 0x7f and not (byte)'\\' ? text.Append((char)b) : text.Append($"\\x{b:x2}");
        }

        return text.ToString();
    }

    /// <inheritdoc/>
    public bool Equals(KeyName other) => Span.SequenceEqual(other.Span);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is KeyName other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => (int)XxHash3.HashToUInt64(Span);

    /// <inheritdoc/>
    public override string ToString() => $"key of {Span.Length} bytes";

    public static bool operator ==(KeyName left, KeyName right) => left.Equals(right);

    public static bool operator !=(KeyName left, KeyName right) => !left.Equals(right);
}
