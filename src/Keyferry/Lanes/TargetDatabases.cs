using System.Collections.Concurrent;
using System.Globalization;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Lanes;

/// <summary>Makes sure that a database of the target exists and may be selected before a lane writes to it.</summary>
/// <remarks>A lane sends SELECT and the writes behind it together: were SELECT refused, they would land in the database selected before. So each database is tried once a
/// run, on a connection of its own, before its first write. Thread-safe.</remarks>
/// <param name="target">Connections to the target.</param>
/// <param name="scope">Which database goes where.</param>
internal sealed class TargetDatabases(ServerConnector target, DatabaseScope scope)
{
    private readonly ConcurrentDictionary<int, bool> _proved = new();

    /// <summary>Whether the source's <paramref name="database"/> may be written.</summary>
    public bool IsProved(int database) => _proved.ContainsKey(scope.TargetOf(database));

    /// <summary>Tries where the source's <paramref name="database"/> goes.</summary>
    /// <exception cref="KeyferryException">The target has no such database, does not let this user select it, or cannot be reached.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask ProveAsync(int database, CancellationToken stop)
    {
        var into = scope.TargetOf(database);
        await using var connection = await target.ConnectAsync("select", stop);
        var reply = await connection.TryCallAsync(stop, "SELECT", into);
        if (reply.IsError)
        {
            throw new KeyferryException(
                FailureKind.Failed,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The target {target.Endpoint} does not take keys for database {into}: {reply.Text.TrimEnd('.')}."
                ),
                "Raise its setting databases or give the user +select, then go on with --resume. Nothing was written to another database.",
                null
            );
        }

        _proved[into] = true;
    }
}
