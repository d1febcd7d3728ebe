using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Which keys are read by MGET instead of DUMP: small ones, of a size that is mostly that of strings.</summary>
/// <remarks>
/// <para>DUMP tries to compress a string and reckons a checksum, which takes a source 3.7 µs for one of 150 bytes, where MGET takes 1.4 (measured, 7.0). A longer one is worth its
/// compression; and of one whose size is not known, MGET might bring anything.</para>
/// <para>What a key is, nobody has said before it is read. MGET says of all that are no strings the same as of those that are gone, and they have to be asked for once more; so keys
/// of a size that was of late more often something else are left to DUMP. That tells the type, too: a size is looked at anew without being asked for.</para>
/// <para>One lane owns one; not thread-safe.</para>
/// </remarks>
/// <param name="allowed">Whether the source may be asked so.</param>
internal sealed class ShortStrings(bool allowed)
{
    /// <summary>Keys of one MGET: enough for the command itself to cost nothing, and few enough that nobody waits for it.</summary>
    public const int Most = 64;

    /// <summary>Bytes of memory, name included, up to which a value is short.</summary>
    private const int Short = 512;

    /// <summary>Sizes that are counted together: less than what servers round them to.</summary>
    private const int Step = 16;

    /// <summary>How much of what was seen is remembered.</summary>
    private const int Sure = 8;

    /// <summary>By size, how many more strings than other values were seen.</summary>
    private readonly int[] _strings = new int[(Short / Step) + 1];
    private bool _allowed = allowed;

    /// <summary>Whether a key of so many bytes of memory is to be read by MGET.</summary>
    public bool Expects(long bytes) => _allowed && bytes is > 0 and <= Short && _strings[bytes / Step] >= 0;

    /// <summary>Learns what a key of so many bytes was.</summary>
    public void Learn(int bytes, bool isString)
    {
        if (bytes is > 0 and <= Short)
        {
            ref var strings = ref _strings[bytes / Step];
            strings = Math.Clamp(strings + (isString ? 1 : -1), -Sure, Sure);
        }
    }

    /// <summary>Writes the question for the values of some keys; each follows by <see cref="RespOutput.Bulk(ReadOnlySpan{byte})"/>.</summary>
    public static void Ask(RespOutput output, int keys)
    {
        output.Command(keys + 1);
        output.Raw("$4\r\nMGET\r\n"u8);
    }

    /// <summary>Where in the answer the first value begins; <see langword="null"/> where there is none; where that lasts, nobody is asked so any more.</summary>
    /// <remarks>A refusal that concerns reading as such will meet DUMP as well, and is dealt with there.</remarks>
    /// <exception cref="RespProtocolException">Not as many values as keys.</exception>
    public int? FirstValue(ReadOnlySpan<byte> answer, int keys)
    {
        var reader = new RespReader(answer);
        reader.Require();
        if (reader.IsError)
        {
            // Anything else passes, as LOADING does.
            _allowed = !reader.Bytes.StartsWith("NOPERM"u8) && !reader.Bytes.StartsWith("ERR"u8);
            return null;
        }

        return reader.Type == RespType.Array && reader.Count == keys
            ? reader.Position
            : throw new RespProtocolException("MGET was answered with something else than a value for each key");
    }
}
