using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Looks before a run for keys of the source that a rename would give the name of another key, or of one that could come to be. It reads names only.</summary>
/// <remarks>What comes to exist later is found when it is looked at, by the same rule: such a key is never written.</remarks>
internal static class RenameCheck
{
    private const int PageSize = 2000;

    /// <summary>Walks over the names of all keys that belong to the run.</summary>
    /// <returns>How many collide.</returns>
    /// <exception cref="IOException">The source is lost.</exception>
    public static async ValueTask<long> FindAsync(
        ServerConnector source,
        IReadOnlyList<int> databases,
        DatabaseScope scope,
        CancellationToken stop
    )
    {
        var keys = 0L;
        if (!scope.Rename)
        {
            return keys;
        }

        foreach (var shard in source.Shards)
        {
            await using var connection = await shard.ConnectAsync("plan", stop);
            foreach (var database in databases)
            {
                var names = scope.NamesOf(database);
                _ = await connection.CallAsync(stop, "SELECT", database);
                var cursor = "0";
                do
                {
                    var page = await connection.CallAsync(stop, "SCAN", cursor, "COUNT", PageSize);
                    cursor = page.Items[0].Text;
                    foreach (var key in page.Items[1].Items.Select(static item => item.Bytes))
                    {
                        keys += ReservedKeys.Contains(key) || !names.Cover(key) || names.OnTarget(key) is not null ? 0 : 1;
                    }
                } while (cursor != "0");
            }
        }

        return keys;
    }
}
