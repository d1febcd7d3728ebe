using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Keyferry.Resp;

/// <summary>One reply as a tree of its own memory: for questions asked now and then. The data path uses <see cref="RespReader"/> instead.</summary>
internal sealed class RespValue
{
    private static readonly RespValue[] NoItems = [];

    /// <summary>The RESP type.</summary>
    public RespType Type { get; private init; }

    /// <summary>Content of a scalar; empty for null and aggregates.</summary>
    public byte[] Bytes { get; private init; } = [];

    /// <summary>Elements of an aggregate; a map's keys and values alternate.</summary>
    public IReadOnlyList<RespValue> Items { get; private init; } = NoItems;

    /// <summary>A null of any form.</summary>
    public bool IsNull { get; private init; }

    /// <summary>Whether the server refused the command.</summary>
    public bool IsError => Type is RespType.Error or RespType.BulkError;

    /// <summary>Whether the server refused the command because the user has no right to it.</summary>
    public bool IsDenied => IsError && Text.StartsWith("NOPERM", StringComparison.Ordinal);

    /// <summary>The content as UTF-8 text.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes);

    /// <summary>The content as an integer.</summary>
    /// <exception cref="RespProtocolException">It is none.</exception>
    public long Integer =>
        Utf8Parser.TryParse(Bytes, out long value, out var used) && used == Bytes.Length
            ? value
            : throw new RespProtocolException(
                string.Create(CultureInfo.InvariantCulture, $"a reply of type '{(char)Type}' is not the integer that belongs there")
            );

    /// <summary>Copies one whole frame out of the receive buffer.</summary>
    public static RespValue Of(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        reader.Require();
        return Take(ref reader);
    }

    /// <summary>The value that follows the text <paramref name="key"/> in a map or in a flat list of pairs, or <see langword="null"/>.</summary>
    public RespValue? this[string key]
    {
        get
        {
            for (var i = 0; i + 1 < Items.Count; i += 2)
            {
                if (string.Equals(Items[i].Text, key, StringComparison.OrdinalIgnoreCase))
                {
                    return Items[i + 1];
                }
            }

            return null;
        }
    }

    private static RespValue Take(ref RespReader reader)
    {
        var (type, isNull, count) = (reader.Type, reader.IsNull, reader.Count);
        if (count == 0)
        {
            return new RespValue
            {
                Type = type,
                IsNull = isNull,
                Bytes = reader.Bytes.ToArray(),
            };
        }

        var items = new RespValue[count];
        for (var i = 0; i < count; i++)
        {
            reader.Require();
            items[i] = Take(ref reader);
        }

        return new RespValue { Type = type, Items = items };
    }
}
