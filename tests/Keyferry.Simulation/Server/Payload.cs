using System.Buffers.Binary;
using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server;

/// <summary>DUMP payloads: the RDB type byte, the value, the version, the checksum.</summary>
/// <remarks>
/// Strings, lists, sets, hashes and sorted sets use RDB's plain encodings, which real servers read too. A stream's body is our own. Members come sorted, or
/// in the order of the server's table, which differs between servers as it does in reality.
/// </remarks>
internal sealed class Payload(int version, bool sorted, ulong seed)
{
    private const byte StreamType = 19;

    /// <summary>The value as a payload.</summary>
    public byte[] Dump(RedisValue value)
    {
        var body = new PayloadWriter();
        switch (value)
        {
            case StringValue text:
                body.Byte(0);
                body.Blob(text.Text);
                break;
            case ListValue list:
                body.Byte(1);
                body.Blobs(list.Items);
                break;
            case SetValue set:
                body.Byte(2);
                body.Blobs([.. InOrder(set.Members).Select(static pair => pair.Key)]);
                break;
            case SortedSetValue scores:
                body.Byte(5);
                body.Length(scores.Members.Count);
                foreach (var (member, score) in InOrder(scores.Members))
                {
                    body.Blob(member);
                    body.Fixed(BitConverter.DoubleToUInt64Bits(score));
                }

                break;
            case HashValue hash:
                body.Byte(4);
                body.Length(hash.Fields.Count);
                foreach (var (field, text) in InOrder(hash.Fields))
                {
                    body.Blob(field);
                    body.Blob(text);
                }

                break;
            case StreamValue stream:
                body.Byte(StreamType);
                StreamPayload.Write(body, stream);
                break;
            default:
                throw new InvalidOperationException(value.TypeName);
        }

        body.Byte((byte)version);
        body.Byte((byte)(version >> 8));
        body.Fixed(Crc64.Of(body.ToArray()));
        return body.ToArray();
    }

    /// <summary>The value in a payload.</summary>
    /// <exception cref="CommandError">It is damaged, or of a newer version.</exception>
    public RedisValue Restore(ReadOnlySpan<byte> payload)
    {
        if (
            payload.Length < 11
            || BinaryPrimitives.ReadUInt16LittleEndian(payload[^10..]) > version
            || BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]) != Crc64.Of(payload[..^8])
        )
        {
            throw new CommandError("ERR DUMP payload version or checksum are wrong");
        }

        try
        {
            return Read(payload[0], new PayloadReader(payload[1..^10].ToArray()));
        }
        catch (ArgumentOutOfRangeException)
        {
            throw new CommandError("ERR Bad data format");
        }
    }

    private RedisValue Read(byte type, PayloadReader body)
    {
        switch (type)
        {
            case 0:
                return new StringValue(body.Blob());
            case 1:
                var list = new ListValue();
                list.Items.AddRange(body.Many(body.Blob));
                return list;
            case 2:
                var set = new SetValue(seed);
                body.Many(() => set.Members.Set(body.Blob(), value: true));
                return set;
            case 4:
                var hash = new HashValue(seed);
                body.Many(() => hash.Fields.Set(body.Blob(), body.Blob()));
                return hash;
            case 5:
                var scores = new SortedSetValue(seed);
                body.Many(() => scores.Members.Set(body.Blob(), BitConverter.UInt64BitsToDouble(body.Fixed())));
                return scores;
            case StreamType:
                return StreamPayload.Read(body);
            default:
                throw new CommandError("ERR Bad data format");
        }
    }

    private IEnumerable<KeyValuePair<Blob, T>> InOrder<T>(ScanTable<T> table) => sorted ? table.OrderBy(static pair => pair.Key) : table;
}
