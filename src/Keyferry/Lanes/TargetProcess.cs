using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Lanes;

/// <summary>Notices that the target is another process than before, or follows another history: what it had acknowledged may be gone then.</summary>
/// <remarks>Where the target does not let this user run INFO, this is left to the comparison at the end. Thread-safe.</remarks>
/// <param name="known">What the target was when the run began; <see langword="null"/> for a cluster, whose nodes are known from the first look on.</param>
/// <param name="gaps">Where a loss goes.</param>
internal sealed class TargetProcess(ServerIdentity? known, GapLedger gaps)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string RunId, string History)> _nodes = [];

    /// <summary>Sees to it that the server of a connection knows that it is being filled, and says whether what is written there is to count as an import; <see langword="null"/> where
    /// there is nothing to see to. A server that was restarted has forgotten it.</summary>
    public Func<RespConnection, CancellationToken, ValueTask<bool>>? Import { get; set; }

    /// <summary>Looks whether the target is still what it was, and notes a gap where it is not.</summary>
    /// <returns>What tells this process from others; empty where it is not known.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<string> LookAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "INFO");
        if (reply.IsError)
        {
            return "";
        }

        var now = ServerIdentity.Parse(reply.Text);
        string? reason = null;
        lock (_lock)
        {
            var node = connection.Endpoint.ToString();
            if (!_nodes.TryGetValue(node, out var before))
            {
                before = known is null ? (now.RunId, now.ReplicationId) : (known.RunId, known.ReplicationId);
            }

            if (before.RunId != now.RunId)
            {
                reason = "the target was restarted or replaced, and may have lost what it had taken";
            }
            else if (before.History != now.ReplicationId)
            {
                reason = "the target failed over or resynchronised, and may have lost what it had taken";
            }

            _nodes[node] = (now.RunId, now.ReplicationId);
        }

        if (reason is not null)
        {
            gaps.Note(reason);
        }

        return now.RunId;
    }
}
