using System.Globalization;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Which node of a cluster serves which slot, as one node knew it at one moment. Immutable.</summary>
internal sealed class SlotMap
{
    private readonly ClusterNode?[] _owners;
    private readonly IReadOnlySet<(ClusterNode Primary, ClusterNode Replica)> _replicas;

    private SlotMap(ClusterNode?[] owners, IReadOnlySet<(ClusterNode Primary, ClusterNode Replica)> replicas, long epoch)
    {
        _owners = owners;
        _replicas = replicas;
        Replicas = [.. replicas.Select(static pair => pair.Replica).Distinct()];
        Epoch = epoch;
        Primaries = [.. owners.OfType<ClusterNode>().Distinct()];
    }

    /// <summary>The nodes that serve slots, by their first slot.</summary>
    public IReadOnlyList<ClusterNode> Primaries { get; }

    /// <summary>The nodes that may be promoted.</summary>
    public IReadOnlyList<ClusterNode> Replicas { get; }

    /// <summary>The nodes that may be promoted in place of <paramref name="primary"/>.</summary>
    public IEnumerable<ClusterNode> ReplicasOf(ClusterNode primary) =>
        _replicas.Where(pair => pair.Primary == primary).Select(static pair => pair.Replica);

    /// <summary>Rises with every failover and with every slot that changes hands; 0 where it is not told.</summary>
    public long Epoch { get; }

    /// <summary>The node that serves <paramref name="slot"/>, or <see langword="null"/> where none does.</summary>
    public ClusterNode? OwnerOf(int slot) => _owners[slot];

    /// <summary>The slots that nobody serves, as ranges in their order.</summary>
    public IReadOnlyList<(int First, int Last)> Uncovered
    {
        get
        {
            var ranges = new List<(int First, int Last)>();
            for (var slot = 0; slot < KeySlot.Count; slot++)
            {
                if (_owners[slot] is not null)
                {
                    continue;
                }

                if (ranges is [.., var last] && last.Last == slot - 1)
                {
                    ranges[^1] = (last.First, slot);
                }
                else
                {
                    ranges.Add((slot, slot));
                }
            }

            return ranges;
        }
    }

    /// <summary>The first slot that <paramref name="node"/> serves, or -1.</summary>
    public int FirstSlotOf(ClusterNode node) => Array.IndexOf(_owners, node);

    /// <summary>Slots that have another owner in <paramref name="other"/>.</summary>
    public SlotRanges Differences(SlotMap other) =>
        SlotRanges.Of(Enumerable.Range(0, KeySlot.Count).Where(slot => _owners[slot] != other._owners[slot]));

    /// <summary>The same, but for <paramref name="slot"/>, which a redirection has shown at another address.</summary>
    public SlotMap With(int slot, string host, int port)
    {
        var owners = (ClusterNode?[])_owners.Clone();
        owners[slot] =
            Array.Find(owners, node => node is not null && node.Port == port && node.Host == host)
            ?? Replicas.FirstOrDefault(node => node.Port == port && node.Host == host)
            ?? new ClusterNode("", host, port);
        return new SlotMap(owners, _replicas, Epoch);
    }

    /// <summary>One primary that serves everything.</summary>
    public static SlotMap Of(ClusterNode primary, IReadOnlyList<ClusterNode> replicas, long epoch)
    {
        var owners = new ClusterNode?[KeySlot.Count];
        Array.Fill(owners, primary);
        return new SlotMap(owners, replicas.Select(replica => (primary, replica)).ToHashSet(), epoch);
    }

    /// <summary>Reads the reply to CLUSTER SLOTS.</summary>
    /// <param name="reply">Ranges with their primary and its replicas.</param>
    /// <param name="asked">Who was asked: a node that does not know its own address leaves it out.</param>
    /// <param name="epoch">The cluster's current epoch, or 0.</param>
    /// <exception cref="RespProtocolException">It is no such reply.</exception>
    public static SlotMap Parse(RespValue reply, Endpoint asked, long epoch)
    {
        var owners = new ClusterNode?[KeySlot.Count];
        var known = new Dictionary<ClusterNode, ClusterNode>();
        var replicas = new HashSet<(ClusterNode Primary, ClusterNode Replica)>();
        foreach (var range in reply.Items)
        {
            if (range.Items.Count < 3)
            {
                throw new RespProtocolException("CLUSTER SLOTS was answered with a range that names no node");
            }

            var (first, last) = (range.Items[0].Integer, range.Items[1].Integer);
            if (first < 0 || last >= KeySlot.Count || first > last)
            {
                throw new RespProtocolException(
                    string.Create(CultureInfo.InvariantCulture, $"CLUSTER SLOTS names slots {first} to {last}")
                );
            }

            var read = NodeOf(range.Items[2], asked);
            if (!known.TryGetValue(read, out var owner))
            {
                known[read] = owner = read;
            }

            Array.Fill(owners, owner, (int)first, (int)(last - first + 1));
            replicas.UnionWith(range.Items.Skip(3).Select(item => (owner, NodeOf(item, asked))));
        }

        return new SlotMap(owners, replicas, epoch);
    }

    private static ClusterNode NodeOf(RespValue item, Endpoint asked)
    {
        var host = item.Items[0].Text;
        if (host == "?")
        {
            // It prefers a host name and has none; its address stands among the rest.
            host = item.Items.Count > 3 ? item.Items[3]["ip"]?.Text ?? "" : "";
        }

        return new ClusterNode(
            item.Items.Count > 2 ? item.Items[2].Text : "",
            host.Length == 0 ? asked.Host : host,
            (int)item.Items[1].Integer
        );
    }
}
