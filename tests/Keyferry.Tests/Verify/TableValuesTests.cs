using System.Text;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>Payloads of hash tables are equal whatever the order of the members, and only then.</summary>
public sealed class TableValuesTests
{
    private const byte Set = 2;
    private const byte Hash = 4;

    [Theory]
    [InlineData(Set, "a b c", "c a b", true)]
    [InlineData(Set, "a b c", "a b d", false)]
    [InlineData(Set, "a b", "a b c", false)]
    [InlineData(Set, "a a", "b b", false)]
    [InlineData(Hash, "f 1 g 2", "g 2 f 1", true)]
    [InlineData(Hash, "f 1 g 2", "f 2 g 1", false)]
    [InlineData(Hash, "f 1 g 2", "1 f g 2", false)]
    public void Members_count_in_any_order(byte type, string source, string target, bool equal)
    {
        Assert.Equal(equal, TableValues.AreEqual(Payload(type, source, "end of one"), Payload(type, target, "of another")));
    }

    [Fact]
    public void A_set_is_no_hash() =>
        Assert.False(TableValues.AreEqual([2, 2, 1, 97, 1, 98, .. new byte[10]], [4, 1, 1, 97, 1, 98, .. new byte[10]]));

    [Fact]
    public void What_cannot_be_read_is_not_equal()
    {
        byte[] damaged = [Set, 3, 1, 97, 1, 98, .. new byte[10]];
        Assert.False(TableValues.AreEqual(damaged, [Set, 3, 1, 98, 1, 97, .. new byte[10]]));
        Assert.False(TableValues.AreEqual([], []));
        Assert.False(TableValues.AreEqual(new byte[10], new byte[10]));
    }

    private static byte[] Payload(byte type, string words, string footer)
    {
        var parts = words.Split(' ');
        List<byte> payload = [type, (byte)(type == Hash ? parts.Length / 2 : parts.Length)];
        foreach (var part in parts)
        {
            payload.AddRange([(byte)part.Length, .. Encoding.ASCII.GetBytes(part)]);
        }

        return [.. payload, .. Encoding.ASCII.GetBytes(footer)];
    }
}
