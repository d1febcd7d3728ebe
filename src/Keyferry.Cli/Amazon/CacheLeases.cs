using Keyferry.Aws.Calls;
using Keyferry.Aws.Notifications;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Amazon;

/// <summary>Undoes what a work directory has recorded about parameter groups, whatever cache and region they are of.</summary>
internal static class CacheLeases
{
    /// <summary>Undoes all of it; says nothing where there is nothing.</summary>
    /// <exception cref="KeyferryException">The first of those that could not be undone, or not wholly; the others were tried all the same.</exception>
    public static async Task RestoreAllAsync(string workDirectory, Surroundings surroundings, CancellationToken stop)
    {
        if (!WorkDirectory.HasState(workDirectory))
        {
            return;
        }

        using var folder = WorkDirectory.Open(workDirectory, surroundings.Time);
        using var store = RunStore.Open(folder, surroundings.Time);
        KeyferryException? first = null;
        foreach (var (lease, intent) in new GroupLeases(store).Open())
        {
            try
            {
                using var session = await AwsArguments.OpenAsync(surroundings, intent.Region, null, stop);
                await new CacheNotifications(surroundings, session).RestoreAsync(store, lease, intent, stop);
            }
            catch (AwsException refused)
            {
                first ??= AwsTrouble.Explain(refused);
            }
            catch (KeyferryException remains)
            {
                first ??= remains;
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }
}
