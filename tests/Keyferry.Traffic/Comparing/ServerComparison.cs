using System.Text;
using StackExchange.Redis;

namespace Keyferry.Traffic.Comparing;

/// <summary>
/// Compares two servers key by key in both directions: the tests' own opinion, which shares neither code nor method with Keyferry's verify.
/// What differs is looked at again, so that keys which expire during the walk do not count.
/// </summary>
/// <param name="left">The first server (the source).</param>
/// <param name="right">The second server (the target).</param>
/// <param name="expiryTolerance">How far two expiries may lie apart.</param>
/// <param name="prefix">What stands before every name on the second server.</param>
public sealed class ServerComparison(ServerLink left, ServerLink right, TimeSpan expiryTolerance, string prefix = "")
{
    private const int KeysPerPage = 250;
    private const int Looks = 3;
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(100);
    private static readonly Version Counters = new(7, 0);

    private KeyReader _left = new(left, detailed: false, fieldExpiries: false);
    private KeyReader _right = new(right, detailed: false, fieldExpiries: false);
    private long _compared;

    public async Task<ComparisonReport> RunAsync(CancellationToken stop)
    {
        _compared = 0;
        bool detailed = left.Version >= Counters && right.Version >= Counters;
        bool fieldExpiries = await left.KnowsFieldExpiriesAsync() && await right.KnowsFieldExpiriesAsync();
        _left = new KeyReader(left, detailed, fieldExpiries);
        _right = new KeyReader(right, detailed, fieldExpiries);
        var suspects = new HashSet<(int Database, RedisKey Key)>();
        foreach (int database in (await left.KeyCountsAsync()).Keys)
        {
            await foreach (var page in PagesAsync(left, database).WithCancellation(stop))
            {
                _compared += page.Length;
                suspects.UnionWith((await LookAsync(database, page)).Select(difference => (database, difference.Key)));
            }
        }

        foreach (int database in (await right.KeyCountsAsync()).Keys)
        {
            await foreach (var page in PagesAsync(right, database).WithCancellation(stop))
            {
                suspects.UnionWith(await SurplusAsync(database, page));
            }
        }

        return new ComparisonReport(_compared, await LookAgainAsync(suspects, stop));
    }

    /// <summary>The keys that are different at each of several looks.</summary>
    private async Task<IReadOnlyList<KeyDifference>> LookAgainAsync(HashSet<(int Database, RedisKey Key)> suspects, CancellationToken stop)
    {
        var differences = new List<KeyDifference>();
        for (int look = 0; look < Looks && suspects.Count > 0; look++)
        {
            await Task.Delay(BetweenLooks, stop);
            differences.Clear();
            var still = new HashSet<(int, RedisKey)>();
            foreach (var group in suspects.GroupBy(suspect => suspect.Database))
            {
                foreach (var page in group.Select(suspect => suspect.Key).Chunk(KeysPerPage))
                {
                    var found = await LookAsync(group.Key, page);
                    still.UnionWith(found.Select(difference => (group.Key, difference.Key)));
                    differences.AddRange(found.Select(difference => difference.Difference));
                }
            }

            suspects = still;
        }

        return differences;
    }

    private async Task<IReadOnlyList<(RedisKey Key, KeyDifference Difference)>> LookAsync(int database, RedisKey[] page)
    {
        var images = await Task.WhenAll(
            page.Select(key => Task.WhenAll(_left.ReadAsync(database, key), _right.ReadAsync(database, key.Prepend(prefix))))
        );
        var found = new List<(RedisKey, KeyDifference)>();
        for (int i = 0; i < page.Length; i++)
        {
            if (Difference(images[i][0], images[i][1]) is { } kind)
            {
                found.Add((page[i], new KeyDifference(database, Printable(page[i]), kind, images[i][0], images[i][1])));
            }
        }

        return found;
    }

    private async Task<IEnumerable<(int Database, RedisKey Key)>> SurplusAsync(int database, RedisKey[] page)
    {
        RedisKey[] origins = page.Select(Origin).ToArray();
        bool[] known = await Task.WhenAll(origins.Select(key => left.Database(database).KeyExistsAsync(key)));
        return origins.Where((_, i) => !known[i]).Select(key => (database, key)).ToArray();
    }

    /// <summary>The name on the first server. One that has not the prefix is surplus in any case: nothing there is called as what it becomes.</summary>
    private RedisKey Origin(RedisKey key)
    {
        byte[] name = (byte[]?)key ?? [];
        byte[] begin = Encoding.UTF8.GetBytes(prefix);
        return name.AsSpan().StartsWith(begin) ? name[begin.Length..] : key.Prepend("without the prefix: ");
    }

    private DifferenceKind? Difference(KeyImage a, KeyImage b) =>
        (a.IsAbsent, b.IsAbsent) switch
        {
            (true, true) => null,
            (false, true) => DifferenceKind.Missing,
            (true, false) => DifferenceKind.Surplus,
            _ when a.Type != b.Type => DifferenceKind.Type,
            _ when a.Value != b.Value => DifferenceKind.Value,
            _ when !SameExpiry(a.ExpiresAt, b.ExpiresAt) => DifferenceKind.Expiry,
            _ => null,
        };

    private bool SameExpiry(long? a, long? b) =>
        a is null || b is null ? a == b : Math.Abs(a.Value - b.Value) <= expiryTolerance.TotalMilliseconds;

    private static async IAsyncEnumerable<RedisKey[]> PagesAsync(ServerLink link, int database)
    {
        var page = new List<RedisKey>(KeysPerPage);
        foreach (var server in link.Primaries)
        {
            await foreach (var key in server.KeysAsync(database, pageSize: 1000))
            {
                page.Add(key);
                if (page.Count == KeysPerPage)
                {
                    yield return page.ToArray();
                    page.Clear();
                }
            }
        }

        yield return page.ToArray();
    }

    private static string Printable(RedisKey key)
    {
        var text = new StringBuilder("\"");
        foreach (byte letter in (byte[]?)key ?? [])
        {
            text.Append(letter is >= 0x20 and < 0x7F ? ((char)letter).ToString() : $"\\x{letter:x2}");
        }

        return text.Append('"').ToString();
    }
}
