using Keyferry.Resp;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Names packed as cmsgpack does are read, whatever their lengths, and nothing else is taken for them.</summary>
public sealed class PackedNamesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    [InlineData(32)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    public void Names_of_every_length_are_read(int length)
    {
        var name = new byte[length];
        new Random(length).NextBytes(name);
        byte[] head =
            length < 32 ? [(byte)(0xA0 | length)]
            : length < 256 ? [0xD9, (byte)length]
            : length < 65_536 ? [0xDA, (byte)(length >> 8), (byte)length]
            : [0xDB, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];

        Assert.Equal([name, "b"u8.ToArray()], Read([0x92, .. head, .. name, 0xA1, (byte)'b']));
    }

    [Fact]
    public void Arrays_of_every_size_are_read()
    {
        byte[] names = [.. Enumerable.Repeat((byte[])[0xA1, (byte)'k'], 300).SelectMany(static name => name)];

        Assert.Equal(300, Read([0xDC, 1, 44, .. names]).Count);
        Assert.Equal(300, Read([0xDD, 0, 0, 1, 44, .. names]).Count);
        Assert.Empty(Read([]));
    }

    [Theory]
    [InlineData(new byte[] { 0x80 })]
    [InlineData(new byte[] { 0x92, 0xA1, 1 })]
    [InlineData(new byte[] { 0x91, 0xA2, 1 })]
    [InlineData(new byte[] { 0x91, 0xC0 })]
    [InlineData(new byte[] { 0xDC, 1 })]
    public void Anything_else_is_refused(byte[] packed) => Assert.Throws<RespProtocolException>(() => Read(packed));

    private static List<byte[]> Read(byte[] packed)
    {
        var read = new List<byte[]>();
        for (var names = new PackedNames(packed); names.Next(out var name); )
        {
            read.Add(name.ToArray());
        }

        return read;
    }
}
