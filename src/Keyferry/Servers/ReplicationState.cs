using System.Globalization;

namespace Keyferry.Servers;

/// <summary>What <c>INFO replication</c> says of one server at one moment.</summary>
/// <param name="IsReplica">Whether it follows another.</param>
/// <param name="History">The id of the history of writes that it has (<c>master_replid</c>); empty where it is not told.</param>
/// <param name="Offset">How many bytes of that history it has executed; -1 where it is not told.</param>
/// <param name="Follows">Whether a replica is connected with its primary, and no resynchronisation is under way.</param>
/// <param name="TakesWrites">Whether a replica takes writes of its own, so that it may hold what its primary never had.</param>
/// <param name="Replicas">The addresses of a primary's own replicas, as it sees them.</param>
internal sealed record ReplicationState(
    bool IsReplica,
    string History,
    long Offset,
    bool Follows,
    bool TakesWrites,
    IReadOnlyList<ClusterNode> Replicas
)
{
    /// <summary>Reads the text of <c>INFO replication</c>.</summary>
    public static ReplicationState Parse(string info)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var replicas = new List<ClusterNode>();
        foreach (var line in info.Split('\n', StringSplitOptions.TrimEntries))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                continue;
            }

            fields[line[..colon]] = line[(colon + 1)..];
            if (
                line.StartsWith("slave", StringComparison.Ordinal)
                && char.IsAsciiDigit(line[colon - 1])
                && ReplicaIn(line[(colon + 1)..]) is { } replica
            )
            {
                replicas.Add(replica);
            }
        }

        var isReplica = fields.GetValueOrDefault("role") == "slave";
        return new ReplicationState(
            isReplica,
            fields.GetValueOrDefault("master_replid", ""),
            Number(fields, isReplica ? "slave_repl_offset" : "master_repl_offset"),
            fields.GetValueOrDefault("master_link_status") == "up" && fields.GetValueOrDefault("master_sync_in_progress") != "1",
            fields.GetValueOrDefault("slave_read_only") != "1",
            replicas
        );
    }

    /// <summary>Why what this replica has cannot be compared with what <paramref name="primary"/> has; <see langword="null"/> where their offsets can.</summary>
    public string? WhyNoReplicaOf(ReplicationState primary) =>
        primary.IsReplica ? "the primary is a replica now"
        : !IsReplica ? "it is no replica"
        : History.Length == 0 || Offset < 0 || primary.Offset < 0 ? "it does not tell how far it has come"
        : !Follows ? "it is not connected with its primary"
        : History != primary.History ? "it follows another history than the primary's"
        : TakesWrites ? "it takes writes of its own (replica-read-only no)"
        : null;

    private static ClusterNode? ReplicaIn(string text)
    {
        var (host, port) = ("", 0);
        foreach (var part in text.Split(','))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            switch (equals < 0 ? "" : part[..equals])
            {
                case "ip":
                    host = part[(equals + 1)..];
                    break;
                case "port":
                    _ = int.TryParse(part.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port);
                    break;
                default:
                    break;
            }
        }

        return host.Length > 0 && port > 0 ? new ClusterNode("", host, port) : null;
    }

    private static long Number(Dictionary<string, string> fields, string name) =>
        long.TryParse(fields.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
