using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The id of a stream's entry.</summary>
internal readonly record struct StreamId(ulong Time, ulong Sequence)
{
    /// <summary>The id that follows, or <see langword="null"/> after the last one.</summary>
    public StreamId? Next =>
        Sequence < ulong.MaxValue ? this with { Sequence = Sequence + 1 }
        : Time < ulong.MaxValue ? new StreamId(Time + 1, 0)
        : null;

    /// <summary>Reads <c>time-sequence</c>.</summary>
    /// <exception cref="RespProtocolException">It is no id.</exception>
    public static StreamId Parse(ReadOnlySpan<byte> text)
    {
        var dash = text.IndexOf((byte)'-');
        return
            dash > 0
            && Utf8Parser.TryParse(text[..dash], out ulong time, out var used)
            && used == dash
            && Utf8Parser.TryParse(text[(dash + 1)..], out ulong sequence, out _)
            ? new StreamId(time, sequence)
            : throw new RespProtocolException("a stream has an entry without an id");
    }

    /// <summary>The order of ids, as <see cref="Comparison{T}"/>.</summary>
    public static int Compare(StreamId left, StreamId right) =>
        left.Time == right.Time ? left.Sequence.CompareTo(right.Sequence) : left.Time.CompareTo(right.Time);

    /// <summary><c>time-sequence</c>, as servers write it.</summary>
    public byte[] Bytes => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{Time}-{Sequence}"));
}
