using System.Globalization;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

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

    private const int FieldsOfPage = 500;

    private KindQuestions? _kinds;

    /// <summary>Looks for them.</summary>
    /// <param name="identity">The source, just asked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="IOException">The source is lost.</exception>
    public async ValueTask<IReadOnlyList<UnsupportedGroup>> FindAsync(ServerIdentity identity, CancellationToken stop)
    {
        var found = new List<UnsupportedGroup>();
        _kinds = await KindsAsync(identity, stop);
        var withExpiries = databases.Sum(database => FieldExpiriesOf(identity, database));
        if (withExpiries > 0 && reads.HashWithExpiries is null && scope.Kinds.CoverType("hash"))
        {
            // INFO counts all of them.
            var all = scope.Names.AreAll && scope.Kinds.AreAll;
            var (walked, first) = await WalkAsync("hash", HasFieldExpiryAsync, all ? MostNamed : long.MaxValue, stop);
            var keys = all ? withExpiries : walked;
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
                var unread = new List<(byte[] Key, string Type)>();
                foreach (var key in keys)
                {
                    var type = RespValue.Of((await from.ReadAsync(stop)).Span).Text;
                    if (type != "none" && KeyTypes.Of(type) == KeyType.Other && !ModuleName.IsKnown(type) && IsRefused(type))
                    {
                        unread.Add((key, type));
                    }
                }

                foreach (var (key, type) in unread)
                {
                    if (!await IsOfKindAsync(key, stop))
                    {
                        continue;
                    }

                    var (count, first) = types.GetValueOrDefault(type, (0, []));
                    types[type] = (count + 1, first);
                    if (first.Count < MostNamed)
                    {
                        first.Add(new KeyId(database, new KeyName(key)));
                    }
                }
            } while (cursor != "0");
        }

        return types.Select(static entry => new UnsupportedGroup(entry.Value.Keys, Unread(entry.Key), entry.Value.First));
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
                    if (!IsInScope(key) || !await IsOfKindAsync(key, stop) || !await counts(key, stop))
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

    /// <summary>Whether a field of the hash expires. Whoever has expiries of fields also lists fields without their values.</summary>
    private async ValueTask<bool> HasFieldExpiryAsync(byte[] key, CancellationToken stop)
    {
        var cursor = "0";
        do
        {
            var page = await from.TryCallAsync(stop, "HSCAN", key, cursor, "COUNT", FieldsOfPage, "NOVALUES");
            if (page.IsError)
            {
                return false;
            }

            cursor = page.Items[0].Text;
            var fields = page.Items[1].Items;
            RespArgument[] question =
            [
                "HPEXPIRETIME",
                key,
                "FIELDS",
                fields.Count,
                .. fields.Select(static field => (RespArgument)field.Bytes),
            ];
            if (fields.Count > 0 && (await from.TryCallAsync(stop, question)).Items.Any(static expiry => expiry.Integer >= 0))
            {
                return true;
            }
        } while (cursor != "0");

        return false;
    }

    /// <summary>What the run moves, as far as the source lets it be asked for. That sizes are not told is for the plan to say.</summary>
    private async ValueTask<KindQuestions> KindsAsync(ServerIdentity identity, CancellationToken stop)
    {
        var blind = scope.Kinds.AskSizes && (await MemoryQuestion.TryAsync(from, "keyferry:{probe}"u8.ToArray(), stop)).IsError;
        return new KindQuestions(
            blind ? scope.Kinds with { LargerThan = null, SmallerThan = null } : scope.Kinds,
            sizes: false,
            identity.HasPExpireTime
        );
    }

    /// <summary>Whether the run moves the key, by its type, size and expiry.</summary>
    private async ValueTask<bool> IsOfKindAsync(byte[] key, CancellationToken stop)
    {
        if (_kinds is not { AreNone: false } kinds)
        {
            return true;
        }

        kinds.Ask(from.Output, key);
        await from.FlushAsync(stop);
        return (await kinds.ReadAsync(from, static (frame, command) => WireCommands.ExpectOk(frame.Span, command), stop)).Belongs;
    }
}
