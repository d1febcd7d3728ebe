using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Keyferry.Aws.Calls;
using Keyferry.Aws.ElastiCache;
using Keyferry.Aws.Notifications;
using Keyferry.Aws.Secrets;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Aws.Provisioning;

/// <summary>Creates a cache with what belongs to it, and deletes exactly that.</summary>
/// <remarks>What is intended is recorded before the first call; each call is chosen from what exists, so that a command that was interrupted goes on when it is run again.</remarks>
/// <param name="client">AWS.</param>
/// <param name="secrets">AWS's secrets.</param>
/// <param name="store">Where intents are recorded.</param>
/// <param name="wait">How patiently.</param>
/// <param name="tell">Takes lines of progress.</param>
internal sealed class Provisioner(ElastiCacheClient client, SecretsClient secrets, IRunStore store, WaitTerms wait, Action<string> tell)
{
    /// <summary>What AWS takes in a token: 16 to 128 of letters and digits, and of these signs.</summary>
    private const string TokenLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789!&#^-";
    private const int TokenLength = 48;

    /// <summary>The recorded intent of that id, or <see langword="null"/>.</summary>
    public (long Lease, ProvisionIntent Intent)? Find(string id)
    {
        foreach (var lease in store.OpenLeases().Where(lease => lease.Kind == LeaseKind.Provision && lease.Host == id))
        {
            if (ProvisionIntent.FromJson(lease.After) is { } intent && intent.Region == client.Region)
            {
                return (lease.Id, intent);
            }
        }

        return null;
    }

    /// <summary>What exists of it.</summary>
    public ValueTask<ProvisionLook> LookAsync(ProvisionIntent intent, CancellationToken stop) =>
        ProvisionLook.TakeAsync(client, secrets, intent, stop);

    /// <summary>Creates what is missing, and waits until the cache is available.</summary>
    /// <exception cref="KeyferryException">Something of that name exists that is not ours, or AWS refuses.</exception>
    public async ValueTask<Cache> CreateAsync(ProvisionIntent intent, CancellationToken stop)
    {
        if (Find(intent.Id) is null)
        {
            await RefuseStrangersAsync(intent, stop);
            _ = store.RecordLease(
                new LeaseRecord
                {
                    Kind = LeaseKind.Provision,
                    Host = intent.Id,
                    Port = 0,
                    Before = "",
                    After = intent.ToJson(),
                }
            );
        }

        await CarryOutAsync(intent, ProvisionSteps.ToCreate, stop);
        return await SettleAsync(intent.Id, stop);
    }

    /// <summary>Deletes what a provision made, and waits until it is gone.</summary>
    public async ValueTask DeleteAsync(long lease, ProvisionIntent intent, CancellationToken stop)
    {
        await CarryOutAsync(intent, ProvisionSteps.ToDelete, stop);
        store.MarkLeaseUndone(lease, "deleted");
    }

    private async ValueTask RefuseStrangersAsync(ProvisionIntent intent, CancellationToken stop)
    {
        var look = await LookAsync(intent, stop);
        var there = look switch
        {
            { Cache: not null } => $"a cache named {intent.Id}",
            { Group: not null } => $"a parameter group named {intent.ParameterGroup}",
            { Token: not null } => $"a secret named {intent.SecretName}",
            _ => null,
        };
        if (there is not null)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"There is {there} in {client.Region} already, which this work directory has not made.",
                "Choose another --id, or name the work directory from which it was made with --work-dir."
            );
        }
    }

    private async ValueTask CarryOutAsync(
        ProvisionIntent intent,
        Func<ProvisionIntent, ProvisionLook, IReadOnlyList<ProvisionStep>> left,
        CancellationToken stop
    )
    {
        var (since, said) = (client.Time.GetTimestamp(), "");
        while (true)
        {
            var look = await LookAsync(intent, stop);
            var steps = left(intent, look);
            if (steps.Count == 0)
            {
                return;
            }

            var isGoing = look.Cache?.Status == "deleting" && steps[0].Cache?.Action == "DeleteReplicationGroup";
            var waiting = isGoing ? $"{intent.Id} is being deleted" : null;
            try
            {
                if (!isGoing)
                {
                    await DoAsync(steps[0], stop);
                    tell($"done: {steps[0]}");
                }
            }
            catch (AwsException busy)
                when (busy.Code.StartsWith("Invalid", StringComparison.Ordinal) && busy.Code.Contains("State", StringComparison.Ordinal))
            {
                await RefuseUsedGroupAsync(intent, steps[0], busy, stop);
                waiting = busy.Said;
            }
            catch (AwsException there)
                when (there.Code.Contains("AlreadyExists", StringComparison.Ordinal) || there.Code == "ResourceExistsException")
            {
                // An earlier call has made it, and its answer was lost; the next look shows it.
                waiting = there.Said;
            }

            if (waiting is null)
            {
                continue;
            }

            if (waiting != said)
            {
                tell($"waiting: {waiting}");
                said = waiting;
            }

            await PauseAsync(since, waiting, stop);
        }
    }

    // That our own cache has the group passes with the cache; that another has it does not pass by waiting.
    private async ValueTask RefuseUsedGroupAsync(ProvisionIntent intent, ProvisionStep step, AwsException busy, CancellationToken stop)
    {
        if (step.Cache?.Action != "DeleteCacheParameterGroup")
        {
            return;
        }

        var others = await GroupLook.OthersWithAsync(client, intent.ParameterGroup, intent.Id, stop);
        if (others.Count > 0)
        {
            throw new KeyferryException(
                FailureKind.Failed,
                $"The parameter group {intent.ParameterGroup}, which was made for {intent.Id}, is used by {string.Join(", ", others)} by now and cannot be deleted.",
                "Give them another group, then run the same command again: it deletes what is left.",
                busy
            );
        }
    }

    private async ValueTask DoAsync(ProvisionStep step, CancellationToken stop)
    {
        switch (step.SecretAction)
        {
            case "CreateSecret":
                var token = RandomNumberGenerator.GetString(TokenLetters, TokenLength);
                _ = await secrets.CreateAsync(step.SecretName, new JsonObject { ["password"] = token }.ToJsonString(), stop);
                break;
            case "DeleteSecret":
                await secrets.DeleteAsync(step.SecretName, stop);
                break;
            default:
                if (step.Cache is { } change)
                {
                    _ = await client.ChangeAsync(change, stop);
                }

                break;
        }
    }

    private async ValueTask<Cache> SettleAsync(string id, CancellationToken stop)
    {
        var since = client.Time.GetTimestamp();
        var told = 0;
        for (var said = ""; ; )
        {
            var cache = await new CacheFinder(client).FindAsync(id, stop);
            var events = await client.EventsAsync(id, "replication-group", 60, stop);
            foreach (var (at, message) in events.Skip(told))
            {
                tell($"{at:HH:mm:ss} {message}");
            }

            told = Math.Max(told, events.Count);
            if (cache.Status == "available" && cache.Members.Count > 0 && cache.Members.All(static member => member.IsSettled))
            {
                return cache;
            }

            var ready = cache.Members.Count(static member => member.Status == "available");
            var now = $"{id} is {cache.Status}, {ready} of {cache.Members.Count} nodes are available";
            if (now != said)
            {
                tell($"{now} ({client.Time.GetElapsedTime(since).TotalMinutes:0} min)");
                said = now;
            }

            await PauseAsync(since, now, stop);
        }
    }

    private async ValueTask PauseAsync(long since, string waiting, CancellationToken stop)
    {
        if (client.Time.GetElapsedTime(since) > wait.Budget)
        {
            throw new KeyferryException(
                FailureKind.Failed,
                $"After {wait.Budget.TotalMinutes:0} minutes it still stands so: {waiting}.",
                "Look at its events (keyferry elasticache show); the same command goes on."
            );
        }

        await Task.Delay(wait.Poll, client.Time, stop);
    }
}
