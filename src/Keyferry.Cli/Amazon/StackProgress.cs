using Keyferry.Aws.Stacks;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Waits for a stack and tells its events as they come.</summary>
/// <param name="client">AWS.</param>
/// <param name="surroundings">Output and clock.</param>
internal sealed class StackProgress(CloudFormationClient client, Surroundings surroundings)
{
    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    private const int Latest = 10;

    /// <summary>The latest events, and before them those that failed since the stack was last asked for something: what came after them is only their consequence.</summary>
    public static IEnumerable<StackEvent> WorthTelling(IReadOnlyList<StackEvent> events)
    {
        var asked = events.ToList().FindLastIndex(static one => one.Reason == "User Initiated");
        return events.Where(
            (one, index) =>
                index >= events.Count - Latest
                || (index > asked && one.Status.EndsWith("_FAILED", StringComparison.Ordinal) && one.Reason.Length > 0)
        );
    }

    /// <summary>One event in a line.</summary>
    public static string Words(StackEvent one) =>
        $"{one.At:HH:mm:ss}  {one.Status, -22}  {one.Resource} ({one.Type}) {one.Reason}".TrimEnd();

    /// <summary>Passes over what has happened until now.</summary>
    public async Task SkipAsync(string id, CancellationToken stop) =>
        _told.UnionWith((await client.EventsAsync(id, stop)).Select(static one => one.Id));

    /// <summary>Waits until nothing is under way any more.</summary>
    /// <returns>Whether it succeeded.</returns>
    public async Task<bool> WaitAsync(string id, CancellationToken stop)
    {
        var since = surroundings.Time.GetTimestamp();
        while (true)
        {
            // The state first: what ends a stack is among the events that are read after it.
            var found = await client.FindAsync(id, stop);
            foreach (var one in (await client.EventsAsync(id, stop)).Where(one => _told.Add(one.Id)))
            {
                surroundings.Out.WriteLine(Words(one));
            }

            if (found is not { IsBusy: true })
            {
                surroundings.Out.WriteLine($"{found?.Status ?? "gone"} {found?.Reason}".TrimEnd());
                return found is not { IsFailed: true };
            }

            if (surroundings.Time.GetElapsedTime(since) > surroundings.AwsPatience.Budget)
            {
                throw new KeyferryException(
                    FailureKind.Failed,
                    $"After {surroundings.AwsPatience.Budget.TotalMinutes:0} minutes the stack is still {found.Status}.",
                    "keyferry aws stack status shows how it goes on."
                );
            }

            await Task.Delay(surroundings.AwsPatience.Poll, surroundings.Time, stop);
        }
    }
}
