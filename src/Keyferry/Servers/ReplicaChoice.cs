using Keyferry.Model;

namespace Keyferry.Servers;

/// <summary>A replica that is read in place of its primary.</summary>
/// <param name="Replica">Where it is.</param>
/// <param name="RunId">Its process: what is proved of one process says nothing of the next.</param>
internal sealed record ReplicaChoice(Endpoint Replica, string RunId);
