using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether there are replicas of the source that can be read, where that is asked for.</summary>
internal static class ReplicaCheck
{
    /// <summary>Tries one replica of each primary.</summary>
    /// <returns>Which nodes would be read now, in words; empty where it is the primaries, as ever.</returns>
    /// <exception cref="Model.KeyferryException">A primary cannot be reached.</exception>
    public static async ValueTask<string> JudgeAsync(
        MigrationOptions options,
        ServerConnector source,
        ServerIdentity identity,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        if (options.SourceReads != SourceReads.Replica)
        {
            return "";
        }

        if (!identity.HasPExpireTime)
        {
            refuse(
                $"The source is {identity}, which tells its replicas of many expiries only how long they last: on a replica they end later than on the primary.",
                "Leave out --source-read-from replica; it needs Redis 7.0 or newer, or Valkey."
            );
            return "";
        }

        var reads = source.ReadReplicas(static _ => { });
        var read = new List<string>();
        foreach (var primary in source.Nodes.Select(static node => node.Endpoint))
        {
            var proof = reads.Of(primary);
            if (await proof.ChooseAsync(stop) is not { } choice)
            {
                refuse(
                    $"No replica of {primary} can be read, as --source-read-from replica asks: {proof.WhyNone}.",
                    "Mend that, or leave the option out. What a replica needs: the user and rights of its primary, a connection to it, and replica-read-only yes."
                );
                continue;
            }

            read.Add($"{choice.Replica} in place of {primary}");
            await using var replica = await source.To(choice.Replica).ConnectAsync("plan", stop);
            var (missing, said) = await RightsCheck.FindAsync(replica, identity, writes: false, compares: false, stop);
            if (missing.Count > 0)
            {
                refuse(
                    $"The replica {choice.Replica} does not let this user run {string.Join(", ", missing)}: {said.TrimEnd('.')}.",
                    $"Give the user the rights there, too: {RightsCheck.Rules(missing)}."
                );
            }
        }

        return read.Count == 0 ? "" : $"replicas: {string.Join(", ", read)}";
    }
}
