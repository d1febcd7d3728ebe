using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether the target has the databases that keys are to go into.</summary>
internal static class DatabaseCheck
{
    /// <summary>Tries each.</summary>
    /// <exception cref="IOException">The target is lost.</exception>
    public static async ValueTask JudgeAsync(
        RespConnection target,
        ServerIdentity identity,
        int[] wanted,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        if (identity.IsCluster && Array.Exists(wanted, static database => database != 0))
        {
            refuse(
                $"The target is a cluster, which has database 0 only, and keys are to go into {string.Join(", ", wanted)}.",
                "A cluster keeps one key of each name. Move one database by naming it in both URIs (SOURCE/3 TARGET/0), and each further one into another cluster."
            );
            return;
        }

        foreach (var database in wanted)
        {
            var reply = await target.TryCallAsync(stop, "SELECT", database);
            if (reply.IsError)
            {
                refuse(
                    $"The target has no database {database}: {reply.Text}.",
                    "Raise its setting databases, or move one database by naming it in both URIs."
                );
            }
        }

        _ = await target.TryCallAsync(stop, "SELECT", 0);
    }
}
