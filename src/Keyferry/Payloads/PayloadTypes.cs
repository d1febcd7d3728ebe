using Keyferry.Model;

namespace Keyferry.Payloads;

/// <summary>What type of value a DUMP payload holds.</summary>
internal static class PayloadTypes
{
    /// <summary>The type that the first byte of <paramref name="payload"/> tells; the encodings of one type are told together.</summary>
    public static KeyType TypeOf(ReadOnlySpan<byte> payload) =>
        payload.IsEmpty
            ? KeyType.Unknown
            : payload[0] switch
            {
                0 => KeyType.Text,
                1 or 10 or 14 or 18 => KeyType.List,
                2 or 11 or 20 => KeyType.Set,
                3 or 5 or 12 or 17 => KeyType.Zset,
                4 or 9 or 13 or 16 or 22 or 24 or 25 => KeyType.Hash,
                15 or 19 or 21 or 26 => KeyType.Stream,
                6 or 7 => KeyType.Other,
                _ => KeyType.Unknown,
            };
}
