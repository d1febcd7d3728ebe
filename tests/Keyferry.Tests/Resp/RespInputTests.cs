using System.Text;
using CsCheck;
using Keyferry.Resp;

namespace Keyferry.Tests.Resp;

public class RespInputTests
{
    private static readonly Gen<string> Scalar = Gen.OneOf(
        Gen.Const("+OK\r\n"),
        Gen.Const("-ERR no\r\n"),
        Gen.Const("$-1\r\n"),
        Gen.Const("_\r\n"),
        Gen.Const("*-1\r\n"),
        Gen.Const("*0\r\n"),
        Gen.Long.Select(number => $":{number}\r\n"),
        Gen.String[Gen.Char['\0', 'z'], 0, 300].Select(text => $"${Encoding.Latin1.GetByteCount(text)}\r\n{text}\r\n")
    );

    private static readonly Gen<string> Value = Gen.Recursive<string>(
        (depth, inner) =>
            depth > 3
                ? Scalar
                : Gen.OneOf(
                    Scalar,
                    inner.Array[0, 5].Select(items => $"*{items.Length}\r\n{string.Concat(items)}"),
                    inner.Array[0, 3].Select(items => $">{items.Length}\r\n{string.Concat(items)}"),
                    inner.Array[0, 3].Select(items => $"%{items.Length}\r\n{string.Concat(items.Select(item => "+k\r\n" + item))}")
                )
    );

    [Fact]
    public void Values_come_out_whole_however_they_are_cut_on_the_way() =>
        Gen.Select(Value.Array[1, 30], Gen.Int[1, 64])
            .Sample(
                (values, chunk) =>
                {
                    var bytes = Encoding.Latin1.GetBytes(string.Concat(values));
                    using var input = new RespInput();
                    var seen = new List<string>();
                    for (var at = 0; at < bytes.Length; at += chunk)
                    {
                        var part = bytes.AsSpan(at, Math.Min(chunk, bytes.Length - at));
                        part.CopyTo(input.Free().Span);
                        input.Received(part.Length);
                        while (input.TryTake(out var frame))
                        {
                            seen.Add(Encoding.Latin1.GetString(frame.Span));
                        }
                    }

                    Assert.Equal(values, seen);
                },
                iter: 300
            );

    [Fact]
    public void A_value_larger_than_the_buffer_arrives_and_the_next_one_after_it()
    {
        var payload = new byte[5_000_000];
        new Random(1).NextBytes(payload);
        byte[] bytes = [.. Encoding.ASCII.GetBytes($"${payload.Length}\r\n"), .. payload, .. "\r\n:7\r\n"u8];
        using var input = new RespInput();
        var seen = new List<byte[]>();
        for (var at = 0; at < bytes.Length; )
        {
            var free = input.Free().Span;
            var part = bytes.AsSpan(at, Math.Min(Math.Min(free.Length, 60_000), bytes.Length - at));
            part.CopyTo(free);
            input.Received(part.Length);
            at += part.Length;
            while (input.TryTake(out var frame))
            {
                seen.Add(frame.ToArray());
            }
        }

        Assert.Equal(2, seen.Count);
        Assert.Equal(payload, RespValue.Of(seen[0]).Bytes);
        Assert.Equal(7, RespValue.Of(seen[1]).Integer);
    }

    [Theory]
    [InlineData("hello\r\n")]
    [InlineData("$x\r\n")]
    [InlineData("$-2\r\n")]
    [InlineData("*99999999999\r\n")]
    [InlineData("+OK\n")]
    public void What_is_not_RESP_is_said_to_be_none(string text)
    {
        using var input = new RespInput();
        var bytes = Encoding.ASCII.GetBytes(text);
        bytes.CopyTo(input.Free().Span);
        input.Received(bytes.Length);
        Assert.Throws<RespProtocolException>(() => input.TryTake(out _));
    }

    [Fact]
    public void A_tree_reads_back_what_was_sent()
    {
        var value = RespValue.Of("*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n%1\r\n+k\r\n,1.5\r\n"u8);
        Assert.Equal("a", value.Items[0].Text);
        Assert.Equal(1, value.Items[1].Items[0].Integer);
        Assert.True(value.Items[1].Items[1].IsNull);
        Assert.Equal("1.5", value.Items[2]["k"]!.Text);
    }
}
