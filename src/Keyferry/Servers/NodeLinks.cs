using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>A connection to one node, and the database that it speaks of.</summary>
/// <param name="Node">The node that is meant: what answers may be a replica of it.</param>
/// <param name="Connection">Logged in.</param>
internal sealed record NodeLink(Endpoint Node, RespConnection Connection)
{
    /// <summary>The database that the latest command sent on it belongs to.</summary>
    public int Database { get; set; }
}

/// <summary>Connections to nodes of a cluster, at most one to each.</summary>
/// <remarks><b>Concurrency.</b> One task opens and uses them; anybody may reset them.</remarks>
/// <param name="open">Opens a connection to a node.</param>
internal sealed class NodeLinks(Func<Endpoint, CancellationToken, ValueTask<RespConnection>> open) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Host, int Port), NodeLink> _links = [];
    private bool _reset;

    /// <summary>Those that are open.</summary>
    public IReadOnlyCollection<NodeLink> Open => _links.Values;

    /// <summary>The connection to a node, if it is open.</summary>
    public NodeLink? Find(Endpoint node) => _links.GetValueOrDefault((node.Host, node.Port));

    /// <summary>The connection to a node, opened if need be.</summary>
    /// <exception cref="IOException">The node cannot be reached, or all were reset.</exception>
    public async ValueTask<NodeLink> GetAsync(Endpoint node, CancellationToken stop)
    {
        if (Find(node) is { } known)
        {
            return known;
        }

        NodeLink link;
        try
        {
            link = new NodeLink(node, await open(node, stop));
        }
        catch (KeyferryException refused)
        {
            throw new IOException(refused.Saw.TrimEnd('.'), refused);
        }

        lock (_lock)
        {
            _links[(node.Host, node.Port)] = link;
            if (_reset)
            {
                link.Connection.Reset();
            }
        }

        return link;
    }

    /// <summary>Drops all of them abruptly.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _reset = true;
            foreach (var link in _links.Values)
            {
                link.Connection.Reset();
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var link in _links.Values)
        {
            await link.Connection.DisposeAsync();
        }
    }
}
