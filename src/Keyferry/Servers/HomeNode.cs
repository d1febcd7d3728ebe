namespace Keyferry.Servers;

/// <summary>The node of a cluster that gets what has no key.</summary>
/// <param name="Node">Which node, for as long as it serves any slot; <see langword="null"/> for whichever serves <paramref name="Slot"/>.</param>
/// <param name="Slot">Where that node serves none, its owner takes the place: after a failover that is the replica that was promoted.</param>
internal sealed record HomeNode(ClusterNode? Node, int Slot)
{
    /// <summary>A slot that the node serves. Not always the one that it began with: while slots are moved, a node that is walked over would be taken for another.</summary>
    public int SlotIn(SlotMap map) => Node is not null && map.FirstSlotOf(Node) is >= 0 and var slot ? slot : Slot;
}
