using System.Globalization;
using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Asks both sides, behind a fence, how many keys they have that do not expire: for the price of one question it finds what nobody heard of and no counter tells, such as a
/// flush of a source that counts no commands.</summary>
/// <remarks>Keys that expire are left out: a server counts those that nobody sees any more. Where a run moves only a part of the keys, or one side is a cluster, whose slots may lie
/// on two nodes for a while, nothing is asked.</remarks>
/// <param name="context">The run.</param>
/// <param name="engine">Knows what is not on the target as on the source.</param>
internal sealed class KeyCounts(RunContext context, MigrationEngine engine)
{
    private string? _seen;

    /// <summary>How the counts differ, in words, or <see langword="null"/>. A difference that stays although everything was compared since is none of the run's keys
    /// (Keyferry's own are not compared): it is told, once, and counts no more.</summary>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask<string?> DifferenceAsync(CancellationToken stop)
    {
        if (
            !engine.OwnsTarget
            || engine.LeftOut.Count > 0
            || context.Plan.Transfer.Scope.Text.Length > 0
            || context.Source.Topology is not null
            || context.Target.Topology is not null
        )
        {
            return null;
        }

        var (source, target) = (await AskAsync(context.Source, stop), await AskAsync(context.Target, stop));
        var differing = source
            .Keyspace.Keys.Union(target.Keyspace.Keys)
            .Order()
            .Select(database => (Number: database, Difference: source.LastingKeys(database) - target.LastingKeys(database)))
            .Where(static database => database.Difference != 0)
            .Select(static database =>
                string.Create(CultureInfo.InvariantCulture, $"database {database.Number} by {database.Difference:+#,0;-#,0}")
            );
        var now = string.Join(", ", differing);
        if (now.Length == 0)
        {
            // The same difference, should it come again, is another one.
            _seen = null;
            return null;
        }

        if (now == _seen)
        {
            context.Journal.Note(
                NoteLevel.Warning,
                $"Both sides count other numbers of keys that do not expire ({now}) although every key was compared and is equal: keys of Keyferry's own, whose names begin with keyferry:{{, are not compared."
            );
            return null;
        }

        _seen = now;
        return $"the source and the target count other numbers of keys that do not expire ({now}), so that something was not heard of";
    }

    private static async ValueTask<ServerIdentity> AskAsync(ServerConnector side, CancellationToken stop)
    {
        await using var connection = await side.ConnectAsync("watch", stop);
        return await ServerConnector.IdentifyAsync(connection, stop);
    }
}
