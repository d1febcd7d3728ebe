using System.Buffers.Binary;
using System.Text;

namespace Keyferry.Traffic.Keys;

/// <summary>
/// The keys of a run: number <c>0</c> to <c>Count - 1</c>, each with a name, a database and a kind that follow from the seed alone,
/// so that whoever fills and whoever writes mean the same keys.
/// </summary>
/// <param name="Seed">Decides kinds, databases and names.</param>
/// <param name="Count">How many keys there are.</param>
/// <param name="Databases">Keys spread over the databases <c>0</c> to <c>Databases - 1</c>.</param>
public sealed record KeySpace(ulong Seed, int Count, int Databases = 1)
{
    /// <summary>How many of a thousand keys are of each kind; strings, hashes, lists, sets, sorted sets, streams are 600/150/80/70/70/30.</summary>
    private static readonly (KeyKind Kind, int PerMille)[] Mix =
    [
        (KeyKind.Text, 540),
        (KeyKind.Counter, 30),
        (KeyKind.Real, 10),
        (KeyKind.HyperLogLog, 10),
        (KeyKind.Bitmap, 10),
        (KeyKind.Hash, 150),
        (KeyKind.List, 80),
        (KeyKind.Set, 50),
        (KeyKind.IntegerSet, 20),
        (KeyKind.SortedSet, 60),
        (KeyKind.Geo, 10),
        (KeyKind.Stream, 30),
    ];

    private static readonly KeyKind[] KindByDraw = [.. Mix.SelectMany(share => Enumerable.Repeat(share.Kind, share.PerMille))];

    public KeyKind KindOf(int number) => number == 0 ? KeyKind.Text : KindByDraw[Draw(number, 1) % 1000];

    public int DatabaseOf(int number) => number == 0 ? 0 : (int)(Draw(number, 2) % (ulong)Databases);

    /// <summary>The name of a key: most are plain, some hold spaces, line ends, braces or any bytes, some are long, and key 0 is the empty name.</summary>
    public byte[] NameOf(int number)
    {
        if (number == 0)
        {
            return [];
        }

        string plain = $"{KindOf(number)}:{number:D8}";
        return (Draw(number, 3) % 200) switch
        {
            < 4 => Encoding.UTF8.GetBytes($"user profile {plain} ünïcode"),
            < 6 => Encoding.UTF8.GetBytes($"line\r\nbreak\n{plain}\n"),
            < 10 => BinaryName(number),
            < 11 => Encoding.UTF8.GetBytes($"}}{{{plain}}}{{}}"),
            < 12 => Encoding.UTF8.GetBytes(plain + new string('k', 500)),
            _ => Encoding.UTF8.GetBytes(plain),
        };
    }

    /// <summary>A seed for the content of one key.</summary>
    public ulong SeedOf(int number) => Draw(number, 4);

    private static byte[] BinaryName(int number)
    {
        byte[] name = [0x00, 0xFF, 0x0D, 0x0A, 0x2A, 0x00, 0x00, 0x00, 0x00, 0x80, 0xFE, 0xC3];
        BinaryPrimitives.WriteInt32BigEndian(name.AsSpan(5), number);
        return name;
    }

    private ulong Draw(int number, ulong purpose) => Dice.Mixed(Dice.Mixed(Seed + (purpose << 56)) + (ulong)number * 0x9E3779B97F4A7C15);
}
