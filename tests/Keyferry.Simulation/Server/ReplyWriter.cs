using System.Globalization;
using System.Text;
using Keyferry.Simulation.Network;

namespace Keyferry.Simulation.Server;

/// <summary>Writes replies in the protocol version that the client speaks.</summary>
internal sealed class ReplyWriter
{
    /// <summary>What was written and not yet taken.</summary>
    public ByteQueue Bytes { get; } = new();

    /// <summary>2 or 3.</summary>
    public int Protocol { get; set; } = 2;

    public void Simple(string text) => Line('+', text);

    public void Ok() => Simple("OK");

    public void Error(string text) => Line('-', text);

    public void Integer(long number) => Line(':', number.ToString());

    public void Bulk(Blob blob) => Bulk(blob.Span);

    public void Bulk(ReadOnlySpan<byte> bytes)
    {
        Line('$', bytes.Length.ToString());
        Bytes.Add(bytes);
        Bytes.Add("\r\n"u8);
    }

    /// <summary>Text that RESP3 marks as such (INFO, CLIENT LIST).</summary>
    public void Verbatim(string text)
    {
        if (Protocol < 3)
        {
            Bulk(text);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        Line('=', (bytes.Length + 4).ToString());
        Bytes.Add("txt:"u8);
        Bytes.Add(bytes);
        Bytes.Add("\r\n"u8);
    }

    public void Null()
    {
        if (Protocol < 3)
        {
            Bytes.Add("$-1\r\n"u8);
        }
        else
        {
            Bytes.Add("_\r\n"u8);
        }
    }

    public void NullArray()
    {
        if (Protocol < 3)
        {
            Bytes.Add("*-1\r\n"u8);
        }
        else
        {
            Bytes.Add("_\r\n"u8);
        }
    }

    public void Array(int count) => Line('*', count.ToString());

    /// <summary>A map of <paramref name="pairs"/> pairs; in RESP2 a flat array.</summary>
    public void Map(int pairs) => Line(Protocol < 3 ? '*' : '%', (Protocol < 3 ? pairs * 2 : pairs).ToString());

    /// <summary>A set; in RESP2 an array.</summary>
    public void Set(int count) => Line(Protocol < 3 ? '*' : '~', count.ToString());

    /// <summary>Something the client did not ask for at this moment; in RESP2 an array.</summary>
    public void Push(int count) => Line(Protocol < 3 ? '*' : '>', count.ToString());

    /// <summary>A score; in RESP2 a string.</summary>
    public void Number(double value)
    {
        if (Protocol < 3)
        {
            Bulk(TextOf(value));
        }
        else
        {
            Line(',', TextOf(value));
        }
    }

    /// <summary>A list of strings.</summary>
    public void Bulks(IReadOnlyCollection<Blob> blobs)
    {
        Array(blobs.Count);
        foreach (var blob in blobs)
        {
            Bulk(blob);
        }
    }

    /// <summary>The digits that Redis 7.0 prints for a score.</summary>
    public static string TextOf(double value) =>
        value switch
        {
            double.PositiveInfinity => "inf",
            double.NegativeInfinity => "-inf",
            _ when value == Math.Floor(value) && Math.Abs(value) < 1e15 => ((long)value).ToString(),
            _ => value.ToString("G17", CultureInfo.InvariantCulture),
        };

    private void Line(char kind, string text)
    {
        Bytes.Add([(byte)kind]);
        Bytes.Add(Encoding.Latin1.GetBytes(text));
        Bytes.Add("\r\n"u8);
    }
}
