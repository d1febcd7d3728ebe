using System.Text;
using CsCheck;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

public sealed class ValueFramesTests
{
    private static readonly Gen<string[]> _elements = Gen.String[Gen.Char['a', 'e'], 0, 3].Array[0, 24];

    [Fact]
    public void Groups_in_another_order_are_equal()
    {
        Gen.Select(_elements, Gen.Int[1, 2], Gen.Int)
            .Sample(
                static (elements, size, seed) =>
                {
                    var groups = elements.Chunk(size).Where(group => group.Length == size).ToArray();
                    var left = Frame(groups.SelectMany(static group => group));
                    var shuffled = groups.ToArray();
                    new Random(seed).Shuffle(shuffled);
                    var right = Frame(shuffled.SelectMany(static group => group));
                    return ValueFrames.AreEqualUnordered(left, right, size)
                        && ValueFrames.UnorderedDigest(left.Span, size) == ValueFrames.UnorderedDigest(right.Span, size);
                }
            );
    }

    [Fact]
    public void Groups_are_equal_only_if_their_multisets_are()
    {
        Gen.Select(_elements, _elements)
            .Sample(
                static (left, right) =>
                    ValueFrames.AreEqualUnordered(Frame(left), Frame(right), 1)
                    == left.Order(StringComparer.Ordinal).SequenceEqual(right.Order(StringComparer.Ordinal))
            );
    }

    [Fact]
    public void A_value_that_moved_to_another_field_is_a_difference()
    {
        Assert.False(ValueFrames.AreEqualUnordered(Frame(["a", "1", "b", "2"]), Frame(["a", "2", "b", "1"]), 2));
        Assert.NotEqual(
            ValueFrames.UnorderedDigest(Frame(["a", "1", "b", "2"]).Span, 2),
            ValueFrames.UnorderedDigest(Frame(["a", "2", "b", "1"]).Span, 2)
        );
    }

    [Theory]
    [InlineData("1", "1", true)]
    [InlineData("0.33333333333333331", "0.3333333333333333", true)]
    [InlineData("0.3333333333333333", "0.33333333333333337", false)]
    [InlineData("1e+20", "100000000000000000000", true)]
    [InlineData("inf", "inf", true)]
    [InlineData("inf", "-inf", false)]
    [InlineData("-inf", "-1.7976931348623157e+308", false)]
    [InlineData("0", "-0", true)]
    [InlineData("5e-324", "0", false)]
    public void Scores_are_numbers(string left, string right, bool same)
    {
        Assert.Equal(same, ValueFrames.IsSameScore(Encoding.ASCII.GetBytes(left), Encoding.ASCII.GetBytes(right)));
        Assert.Equal(same, ValueFrames.AreEqualScored(Frame(["m", left]).Span, Frame(["m", right]).Span));
    }

    [Fact]
    public void Members_are_never_numbers()
    {
        Assert.False(ValueFrames.AreEqualScored(Frame(["1", "1"]).Span, Frame(["1.0", "1"]).Span));
        Assert.False(ValueFrames.AreEqualScored(Frame(["m", "1"]).Span, Frame([]).Span));
    }

    [Fact]
    public void Strings_are_bytes_unless_they_count_the_same()
    {
        Assert.True(ValueFrames.AreEqualStrings("$1\r\na\r\n"u8, "$1\r\na\r\n"u8));
        Assert.False(ValueFrames.AreEqualStrings("$1\r\na\r\n"u8, "$1\r\nb\r\n"u8));
        Assert.False(ValueFrames.AreEqualStrings("$-1\r\n"u8, "$0\r\n\r\n"u8));
    }

    private static ReadOnlyMemory<byte> Frame(IEnumerable<string> elements)
    {
        var list = elements.ToList();
        var text = new StringBuilder($"*{list.Count}\r\n");
        foreach (var element in list)
        {
            text.Append($"${element.Length}\r\n{element}\r\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
