using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Looks again at every stream of the source: for changes of consumer groups, which no event tells.</summary>
internal sealed class StreamRescan(ServerConnector source, DatabaseScope scope, Func<KeyId, CancellationToken, ValueTask> look)
{
    private const int PageSize = 512;

    /// <summary>Marks every stream. Where SCAN cannot filter by type (before Redis 6.0), every key is marked.</summary>
    public async ValueTask RunAsync(CancellationToken stop)
    {
        await using var connection = await source.ConnectAsync("rescan", stop);
        var identity = await ServerConnector.IdentifyAsync(connection, stop);
        var byType = identity.RedisVersion >= new Version(6, 0);
        foreach (var database in identity.Keyspace.Keys.Where(scope.Covers))
        {
            _ = await connection.CallAsync(stop, "SELECT", database);
            var cursor = "0";
            do
            {
                var page = byType
                    ? await connection.CallAsync(stop, "SCAN", cursor, "COUNT", PageSize, "TYPE", "stream")
                    : await connection.CallAsync(stop, "SCAN", cursor, "COUNT", PageSize);
                cursor = page.Items[0].Text;
                foreach (var key in page.Items[1].Items.Where(static key => !ReservedKeys.Contains(key.Bytes)))
                {
                    await look(new KeyId(database, new KeyName(key.Bytes)), stop);
                }
            } while (cursor != "0");
        }
    }
}
