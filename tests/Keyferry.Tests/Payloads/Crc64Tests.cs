using Keyferry.Payloads;

namespace Keyferry.Tests.Payloads;

public sealed class Crc64Tests
{
    /// <summary>Every length around the eight bytes that are taken at a time, from every place in a buffer, begun with 0 and not.</summary>
    [Fact]
    public void Bytes_taken_together_give_what_they_give_one_by_one()
    {
        var bytes = new byte[96];
        new Random(41).NextBytes(bytes);
        for (var from = 0; from < 9; from++)
        {
            for (var length = 0; from + length <= bytes.Length; length++)
            {
                var part = bytes.AsSpan(from, length);
                Assert.Equal((from, length, OneByOne(part, 0)), (from, length, Crc64.Of(part)));
                Assert.Equal((from, length, OneByOne(part, ulong.MaxValue - 3)), (from, length, Crc64.Of(part, ulong.MaxValue - 3)));
            }
        }
    }

    private static ulong OneByOne(ReadOnlySpan<byte> bytes, ulong before)
    {
        var crc = before;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x95AC9329AC4BC9B5 : crc >> 1;
            }
        }

        return crc;
    }
}
