namespace Keyferry.Servers;

/// <summary>One node of a cluster, as the cluster announces it.</summary>
/// <param name="Id">Its id within the cluster: 40 letters.</param>
/// <param name="Host">Where clients reach it.</param>
/// <param name="Port">Where clients reach it.</param>
internal sealed record ClusterNode(string Id, string Host, int Port);
