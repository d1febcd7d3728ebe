using System.Globalization;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Finds the source's keys that the target cannot hold: hashes with field expiries, values of modules. It walks over the keyspace only where there may be some.</summary>
internal sealed class UnsupportedValues(
    RespConnection from,
    PayloadFormat writes,
    PayloadFormat reads,
    IReadOnlyList<int> databases,
    DatabaseScope scope
)
{
    private const int MostNamed = 10;

    /// <summary>Keys of a page of SCAN that looks for one type: the source passes over the others quickly.</summary>
    private const int PageSize = 2000;

    /// <summary>Hashes that use more memory are taken to be without field expiries here: their payload is not asked for just to name them.</summary>
    private const long ModestBytes = 1 << 20;

    /// <summary>Looks for them.</summary>
    /// <param name="identity">The source, just asked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="IOException">The source is lost.</exception>
    public async ValueTask<IReadOnlyList<UnsupportedGroup>> FindAsync(ServerIdentity identity, CancellationToken stop)
    {
        var found = new List<UnsupportedGroup>();
        var withExpiries = databases.Sum(database => FieldExpiriesOf(identity, database));
        if (withExpiries > 0 && reads.HashWithExpiries is null && scope.Kinds.CoverType("hash"))
        {
            // INFO counts those of all names.
            var (walked, first) = await WalkAsync("hash", HasFieldExpiryAsync, scope.Names.AreAll ? MostNamed : long.MaxValue, stop);
            var keys = scope.Names.AreAll ? withExpiries : walked;
            if (keys > 0)
            {
                found.Add(new UnsupportedGroup(keys, FittedPayload.FieldExpiry, first));
            }
        }

        foreach (var type in ModuleName.TypesOf(writes.Modules).Where(type => scope.Kinds.CoverType(type) && IsRefused(type)))
        {
            var (keys, first) = await WalkAsync(type, static (_, _) => ValueTask.FromResult(true), long.MaxValue, stop);
            if (keys > 0)
            {
                found.Add(new UnsupportedGroup(keys, Unread(type), first));
            }
        }

        if (ModuleName.Unfamiliar(writes.Modules).Any(module => !reads.Modules.Contains(module) || !reads.Reads(writes.Version)))
        {
            found.AddRange(await FindUnfamiliarAsync(stop));
        }

        await from.CallAsync(stop, "SELECT", 0);
        return found;
    }

    /// <summary>How many hashes with field expiries INFO counts: Redis calls it subexpiry, Valkey keys_with_volatile_items.</summary>
    private static long FieldExpiriesOf(ServerIdentity identity, int database)
    {
        var fields = identity.Fields.GetValueOrDefault($"db{database}", "").Split(',');
        var counted = fields
            .Select(static field => field.Split('='))
            .FirstOrDefault(static pair => pair[0] is "subexpiry" or "keys_with_volatile_items");
        return counted is [_, var text] && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
    }

    private static string Unread(string type) => $"the target does not read the source's values of type {type}";

    private bool IsRefused(string type) => !ModuleName.IsShared(type, writes, reads) || !reads.Reads(writes.Version);

    /// <summary>Values of modules whose types nobody has told: the type of each key is asked for.</summary>
    private async ValueTask<IEnumerable<UnsupportedGroup>> FindUnfamiliarAsync(CancellationToken stop)
    {
        var types = new Dictionary<string, (long Keys, List<KeyId> First)>(StringComparer.Ordinal);
        foreach (var database in databases)
        {
            await from.CallAsync(stop, "SELECT", database);
            var cursor = "0";
            do
            {
                var page = await from.CallAsync(stop, "SCAN", cursor, "COUNT", PageSize);
                cursor = page.Items[0].Text;
                byte[][] keys = [.. page.Items[1].Items.Select(static item => item.Bytes).Where(IsInScope)];
                foreach (var key in keys)
                {
                    from.Write("TYPE", key);
                }

                await from.FlushAsync(stop);
                foreach (var key in keys)
                {
                    var type = RespValue.Of((await from.ReadAsync(stop)).Span).Text;
                    if (type != "none" && KeyTypes.Of(type) == KeyType.Other && !ModuleName.IsKnown(type) && IsRefused(type))
                    {
                        var (count, first) = types.GetValueOrDefault(type, (0, []));
                        types[type] = (count + 1, first);
                        if (first.Count < MostNamed)
                        {
                            first.Add(new KeyId(database, new KeyName(key)));
                        }
                    }
                }
            } while (cursor != "0");
        }

        return types
            .Where(entry => scope.Kinds.CoverType(entry.Key))
            .Select(static entry => new UnsupportedGroup(entry.Value.Keys, Unread(entry.Key), entry.Value.First));
    }

    private bool IsInScope(byte[] key) => !ReservedKeys.Contains(key) && scope.Names.Cover(key);

    private async ValueTask<(long Keys, IReadOnlyList<KeyId> First)> WalkAsync(
        string type,
        Func<byte[], CancellationToken, ValueTask<bool>> counts,
        long most,
        CancellationToken stop
    )
    {
        var (keys, first) = (0L, new List<KeyId>());
        foreach (var database in databases)
        {
            await from.CallAsync(stop, "SELECT", database);
            var cursor = "0";
            do
            {
                var page = await from.CallAsync(stop, "SCAN", cursor, "COUNT", PageSize, "TYPE", type);
                cursor = page.Items[0].Text;
                foreach (var key in page.Items[1].Items.Select(static item => item.Bytes))
                {
                    if (!IsInScope(key) || !await counts(key, stop))
                    {
                        continue;
                    }

                    keys++;
                    if (first.Count < MostNamed)
                    {
                        first.Add(new KeyId(database, new KeyName(key)));
                    }
                }
            } while (cursor != "0" && keys < most);
        }

        return (keys, first);
    }

    private async ValueTask<bool> HasFieldExpiryAsync(byte[] key, CancellationToken stop)
    {
        var usage = await from.TryCallAsync(stop, "MEMORY", "USAGE", key);
        if (usage.IsError || usage.IsNull || usage.Integer > ModestBytes)
        {
            return false;
        }

        var payload = await from.TryCallAsync(stop, "DUMP", key);
        return payload is { IsError: false, IsNull: false, Bytes.Length: > 0 }
            && (PayloadType)payload.Bytes[0]
                is PayloadType.HashWithExpiries
                    or PayloadType.HashListpackWithExpiries
                    or PayloadType.ValkeyHashWithExpiries;
    }
}
