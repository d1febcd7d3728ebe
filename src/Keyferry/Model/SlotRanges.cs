using System.Globalization;
using System.Numerics;

namespace Keyferry.Model;

/// <summary>Some of a cluster's 16,384 slots, written as in <c>0-5460,7000</c>. A key has its slot by its name, whether its server is a cluster or not.</summary>
public sealed class SlotRanges
{
    private readonly ulong[] _members = new ulong[KeySlot.Count / 64];

    private SlotRanges(string text) => Text = text;

    /// <summary>As it was written; empty where it was not.</summary>
    public string Text { get; }

    /// <summary>Reads slots and ranges of slots with commas between.</summary>
    /// <exception cref="KeyferryException">It is not in that form, or names slots that no cluster has.</exception>
    public static SlotRanges Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var slots = new SlotRanges(text);
        foreach (var part in text.Split(','))
        {
            var ends = part.Split('-').Select(static word => Number(word)).ToArray();
            if (ends.Length is < 1 or > 2 || ends.Contains(-1) || ends[0] > ends[^1])
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"\"{part}\" is no slot and no range of slots.",
                    "Write slots from 0 to 16383, and ranges of them, with commas between: --slots 0-5460,7000."
                );
            }

            for (var slot = ends[0]; slot <= ends[^1]; slot++)
            {
                slots._members[slot / 64] |= 1UL << (slot % 64);
            }
        }

        return slots;
    }

    /// <summary>How many there are.</summary>
    internal int Count => _members.Sum(static word => BitOperations.PopCount(word));

    /// <summary>These slots.</summary>
    internal static SlotRanges Of(IEnumerable<int> slots)
    {
        var ranges = new SlotRanges("");
        foreach (var slot in slots)
        {
            ranges._members[slot / 64] |= 1UL << (slot % 64);
        }

        return ranges;
    }

    /// <summary>All slots of both.</summary>
    internal SlotRanges With(SlotRanges other)
    {
        var both = new SlotRanges("");
        for (var i = 0; i < _members.Length; i++)
        {
            both._members[i] = _members[i] | other._members[i];
        }

        return both;
    }

    /// <summary>Whether the slot of <paramref name="name"/> is one of them.</summary>
    internal bool Cover(ReadOnlySpan<byte> name)
    {
        var slot = KeySlot.Of(name);
        return ((_members[slot / 64] >> (slot % 64)) & 1) != 0;
    }

    private static int Number(string word) =>
        int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number < KeySlot.Count ? number : -1;
}
