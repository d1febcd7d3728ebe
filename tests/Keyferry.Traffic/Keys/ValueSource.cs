using System.Text;
using StackExchange.Redis;

namespace Keyferry.Traffic.Keys;

/// <summary>Values of all sorts, drawn from one seeded megabyte so that making a value costs no copy.</summary>
public sealed class ValueSource
{
    private const int PoolBytes = 1 << 20;
    private static readonly string[] Words = ["alpha", "bravo", "customer", "delta", "euro", "invoice", "kilo", "order", "pending", "zulu"];
    private static readonly double[] Scores =
    [
        1.0 / 3,
        0.1,
        -0.0,
        double.PositiveInfinity,
        double.NegativeInfinity,
        1e300,
        5e-324,
        9007199254740993,
        -17.5,
        3,
    ];

    private readonly byte[] _text = new byte[PoolBytes];
    private readonly byte[] _noise = new byte[PoolBytes];

    public ValueSource(ulong seed)
    {
        var dice = new Dice(seed);
        var text = new StringBuilder(PoolBytes + 16);
        while (text.Length < PoolBytes)
        {
            text.Append(Words[dice.Below(Words.Length)]).Append(dice.Below(100)).Append(' ');
        }

        Encoding.ASCII.GetBytes(text.ToString(0, PoolBytes), _text);
        for (int i = 0; i < PoolBytes; i += sizeof(ulong))
        {
            BitConverter.TryWriteBytes(_noise.AsSpan(i), dice.Next());
        }
    }

    /// <summary>Text that compresses, or bytes that do not, of a length between the two given.</summary>
    public RedisValue Bytes(Dice dice, int shortest, int longest)
    {
        int length = dice.Between(shortest, longest);
        byte[] pool = dice.Chance(700) ? _text : _noise;
        return pool.AsMemory(dice.Below(PoolBytes - length), length);
    }

    /// <summary>A string value: mostly 100 to 200 bytes, some empty, some that the server keeps as an integer.</summary>
    public RedisValue Text(Dice dice) =>
        dice.Below(100) switch
        {
            0 => RedisValue.EmptyString,
            < 5 => (long)dice.Next(),
            < 8 => dice.Below(10_000),
            _ => Bytes(dice, 100, 200),
        };

    /// <summary>One value of <paramref name="length"/> bytes.</summary>
    public RedisValue Big(int length)
    {
        byte[] value = new byte[length];
        for (int done = 0; done < length; done += PoolBytes)
        {
            _noise.AsSpan(0, Math.Min(PoolBytes, length - done)).CopyTo(value.AsSpan(done));
        }

        return value;
    }

    /// <summary>A member or field value of a collection: short text, bytes, an integer, seldom empty.</summary>
    public RedisValue Member(Dice dice) =>
        dice.Below(50) switch
        {
            0 => RedisValue.EmptyString,
            < 10 => dice.Below(1_000_000),
            < 12 => Bytes(dice, 65, 120),
            _ => Bytes(dice, 4, 24),
        };

    /// <summary>A score: integers, awkward fractions, the infinities and the extremes.</summary>
    public static double Score(Dice dice) =>
        dice.Below(4) switch
        {
            0 => Scores[dice.Below(Scores.Length)],
            1 => dice.Below(1000),
            _ => dice.Real(),
        };
}
