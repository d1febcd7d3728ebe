using StackExchange.Redis;

namespace Keyferry.Traffic.Comparing;

/// <summary>Reads keys of one server whole, type by type, with the type's own commands (no DUMP).</summary>
/// <param name="link">The server.</param>
/// <param name="detailed">Also the counters that servers keep of a stream and its groups since 7.0; both sides must know them.</param>
/// <param name="fieldExpiries">Also the expiries of a hash's fields; both sides must know them.</param>
internal sealed class KeyReader(ServerLink link, bool detailed, bool fieldExpiries)
{
    private static readonly Version ExpireTime = new(7, 0);
    private static readonly string[] StreamCounters = ["last-generated-id", "max-deleted-entry-id", "entries-added"];

    public async Task<KeyImage> ReadAsync(int databaseNumber, RedisKey key)
    {
        var database = link.Database(databaseNumber);
        var typeAnswer = database.ExecuteAsync("TYPE", key);
        var expiryAnswer = ExpiryAsync(database, key);
        string type = (await typeAnswer).ToString();
        if (type == KeyImage.NoKey)
        {
            await expiryAnswer;
            return new KeyImage(KeyImage.NoKey, "", null);
        }

        using var sum = new CanonicalValue();
        try
        {
            await AddValueAsync(sum, database, key, type);
        }
        catch (RedisServerException changed)
            when (changed.Message.StartsWith("WRONGTYPE", StringComparison.Ordinal) || changed.Message.Contains("no such key"))
        {
            sum.Add("changed while it was read");
        }

        return new KeyImage(type, sum.Sum(), await expiryAnswer);
    }

    private async Task<long?> ExpiryAsync(IDatabase database, RedisKey key)
    {
        if (link.Version >= ExpireTime)
        {
            long at = (long)await database.ExecuteAsync("PEXPIRETIME", key);
            return at < 0 ? null : at;
        }

        // Older servers tell only what is left: the clock is read beside it, a few milliseconds off.
        var clockAnswer = link.Server.TimeAsync();
        long left = (long)await database.ExecuteAsync("PTTL", key);
        long now = new DateTimeOffset(await clockAnswer).ToUnixTimeMilliseconds();
        return left < 0 ? null : now + left;
    }

    private async Task AddValueAsync(CanonicalValue sum, IDatabase database, RedisKey key, string type)
    {
        switch (type)
        {
            case "string":
                sum.Add(await database.StringGetAsync(key));
                break;
            case "list":
                sum.AddAll(await database.ListRangeAsync(key));
                break;
            case "set":
                sum.AddAll(CanonicalValue.Sorted(await database.SetMembersAsync(key), member => member));
                break;
            case "hash":
                await AddHashAsync(sum, database, key);
                break;
            case "zset":
                foreach (
                    var entry in CanonicalValue.Sorted(await database.SortedSetRangeByRankWithScoresAsync(key), entry => entry.Element)
                )
                {
                    sum.Add(entry.Element).Add(entry.Score);
                }

                break;
            case "stream":
                await AddStreamAsync(sum, database, key);
                break;
            default:
                throw new NotSupportedException($"The comparison does not know the type '{type}'.");
        }
    }

    private async Task AddHashAsync(CanonicalValue sum, IDatabase database, RedisKey key)
    {
        var entries = CanonicalValue.Sorted(await database.HashGetAllAsync(key), entry => entry.Name).ToArray();
        foreach (var entry in entries)
        {
            sum.Add(entry.Name).Add(entry.Value);
        }

        if (fieldExpiries && entries.Length > 0)
        {
            object[] question = [key, "FIELDS", entries.Length, .. entries.Select(entry => (object)entry.Name)];
            sum.AddAll((RedisValue[]?)await database.ExecuteAsync("HPEXPIRETIME", question) ?? []);
        }
    }

    private async Task AddStreamAsync(CanonicalValue sum, IDatabase database, RedisKey key)
    {
        foreach (var entry in await database.StreamRangeAsync(key))
        {
            sum.Add(entry.Id);
            foreach (var field in entry.Values)
            {
                sum.Add(field.Name).Add(field.Value);
            }
        }

        var info = Pairs(await database.ExecuteAsync("XINFO", "STREAM", key));
        sum.AddAll(StreamCounters.Take(detailed ? StreamCounters.Length : 1).Select(counter => (RedisValue)info[counter]));
        foreach (var group in CanonicalValue.Sorted(await database.StreamGroupInfoAsync(key), group => group.Name))
        {
            sum.Add(group.Name).Add(group.LastDeliveredId).Add(group.PendingMessageCount);
            if (detailed)
            {
                sum.Add(group.EntriesRead);
            }

            await AddGroupAsync(sum, database, key, group);
        }
    }

    private static async Task AddGroupAsync(CanonicalValue sum, IDatabase database, RedisKey key, StreamGroupInfo group)
    {
        foreach (var consumer in CanonicalValue.Sorted(await database.StreamConsumerInfoAsync(key, group.Name), consumer => consumer.Name))
        {
            sum.Add(consumer.Name).Add(consumer.PendingMessageCount);
        }

        if (group.PendingMessageCount == 0)
        {
            return;
        }

        foreach (var pending in await database.StreamPendingMessagesAsync(key, group.Name, group.PendingMessageCount, RedisValue.Null))
        {
            sum.Add(pending.MessageId).Add(pending.ConsumerName).Add(pending.DeliveryCount);
        }
    }

    private static Dictionary<string, RedisResult> Pairs(RedisResult flat)
    {
        var parts = (RedisResult[]?)flat ?? [];
        return Enumerable.Range(0, parts.Length / 2).ToDictionary(i => parts[2 * i].ToString(), i => parts[(2 * i) + 1]);
    }
}
