using System.Buffers;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Verify;

/// <summary>The names of one page, divided among the nodes of a cluster that own them.</summary>
internal sealed class NodeParts
{
    private readonly Dictionary<ClusterNode, NodePart> _parts = [];

    /// <summary>Divides names.</summary>
    /// <param name="packed">The names; see <see cref="PackedNames"/>.</param>
    /// <param name="slots">Who owns them.</param>
    public NodeParts(ReadOnlySpan<byte> packed, SlotMap slots)
    {
        for (var names = new PackedNames(packed); names.Next(out var name, out var asPacked); Keys++)
        {
            // What nobody serves is asked for all the same: the answer says so, as it does everywhere.
            var owner = slots.OwnerOf(KeySlot.Of(name)) ?? NodePart.Nobody;
            if (!_parts.TryGetValue(owner, out var part))
            {
                _parts[owner] = part = new NodePart(name.ToArray());
            }

            part.Add(asPacked, Keys);
        }
    }

    /// <summary>How many names there are in all.</summary>
    public int Keys { get; }

    /// <summary>The part of each node.</summary>
    public IReadOnlyCollection<NodePart> All => _parts.Values;
}

/// <summary>The names of one page that one node owns.</summary>
/// <param name="first">One of them, by which a command finds its way to the node.</param>
internal sealed class NodePart(byte[] first)
{
    /// <summary>Stands for the owner of slots that have none.</summary>
    public static readonly ClusterNode Nobody = new("", "", 0);

    private readonly ArrayBufferWriter<byte> _names = new();
    private readonly List<int> _places = [];

    /// <summary>One of the names.</summary>
    public byte[] First => first;

    /// <summary>Where the names stand in the page, from 0 on.</summary>
    public IReadOnlyList<int> Places => _places;

    /// <summary>Adds a name as it is packed.</summary>
    public void Add(ReadOnlySpan<byte> packed, int place)
    {
        _names.Write(packed);
        _places.Add(place);
    }

    /// <summary>The names, packed.</summary>
    public byte[] Pack() => [.. PackedNames.Head(_places.Count), .. _names.WrittenSpan];
}
