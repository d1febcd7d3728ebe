using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Traffic.Filling;

/// <summary>Fills a server with the keys of a <see cref="KeySpace"/>: the same content for the same seed, except that expiries count from now.</summary>
/// <param name="link">The server.</param>
/// <param name="keys">What to fill.</param>
/// <param name="fieldExpiries">Also give fields of some hashes an expiry, where the server knows that.</param>
public sealed class Filler(ServerLink link, KeySpace keys, bool fieldExpiries = false)
{
    private const int KeysPerFlight = 1000;
    private const int FlightsInTheAir = 4;

    /// <summary>Expiries of filled keys lie so far ahead that none is reached during a run.</summary>
    private const int ShortestExpirySeconds = 3600;
    private const CommandFlags Quickly = CommandFlags.FireAndForget;

    private readonly ValueSource _values = new(keys.Seed);
    private bool _fieldExpiries;

    /// <summary>Writes all keys and returns how many the server then holds.</summary>
    /// <exception cref="InvalidOperationException">The server refused a command, or keys are missing afterwards.</exception>
    public async Task<long> FillAsync(CancellationToken stop)
    {
        long keysBefore = await link.KeyCountAsync();
        long? errorsBefore = await link.ErrorRepliesAsync();
        _fieldExpiries = fieldExpiries && await link.KnowsFieldExpiriesAsync();
        var flights = new Queue<Task>();
        for (int number = 0; number < keys.Count; number++)
        {
            Fill(number);
            if (number % KeysPerFlight == KeysPerFlight - 1)
            {
                stop.ThrowIfCancellationRequested();
                flights.Enqueue(link.PingAsync());
                if (flights.Count > FlightsInTheAir)
                {
                    await flights.Dequeue();
                }
            }
        }

        await link.PingAsync();
        long keysAfter = await link.KeyCountAsync();
        long? errors = await link.ErrorRepliesAsync() - errorsBefore;
        if (errors > 0 || keysAfter < keys.Count || (keysBefore == 0 && keysAfter != keys.Count))
        {
            throw new InvalidOperationException($"Filled {keysAfter} of {keys.Count} keys; the server refused {errors ?? 0} commands.");
        }

        return keysAfter;
    }

    private void Fill(int number)
    {
        var dice = new Dice(keys.SeedOf(number));
        var database = link.Database(keys.DatabaseOf(number));
        RedisKey key = keys.NameOf(number);
        TimeSpan? expiry = dice.Chance(100)
            ? TimeSpan.FromMilliseconds(dice.Between(ShortestExpirySeconds, 100_000) * 1000L + dice.Below(1000))
            : null;
        if (keys.KindOf(number) <= KeyKind.Real)
        {
            database.StringSet(
                key,
                StringValue(keys.KindOf(number), dice),
                expiry is { } life ? new Expiration(life) : Expiration.Default,
                flags: Quickly
            );
            return;
        }

        FillContainer(database, key, keys.KindOf(number), dice);
        if (expiry is not null)
        {
            database.KeyExpire(key, expiry, flags: Quickly);
        }
    }

    private RedisValue StringValue(KeyKind kind, Dice dice) =>
        kind switch
        {
            KeyKind.Counter => dice.Below(1_000_000),
            KeyKind.Real => dice.Below(1000) / 8.0,
            _ => _values.Text(dice),
        };

    private void FillContainer(IDatabase database, RedisKey key, KeyKind kind, Dice dice)
    {
        switch (kind)
        {
            case KeyKind.HyperLogLog:
                database.HyperLogLogAdd(key, Members(dice.Between(1, 60), dice), Quickly);
                break;
            case KeyKind.Bitmap:
                database.StringSetBit(key, dice.Below(8000), true, Quickly);
                database.StringSetBit(key, dice.Below(8000), true, Quickly);
                break;
            case KeyKind.Hash:
                database.HashSet(key, [.. Enumerable.Range(0, 10).Select(i => new HashEntry($"field{i}", _values.Member(dice)))], Quickly);
                if (_fieldExpiries && dice.Chance(100))
                {
                    int milliseconds = dice.Between(ShortestExpirySeconds * 1000, 99_999_999);
                    database.Execute("HPEXPIRE", [key, milliseconds, "FIELDS", 2, "field1", "field5"], Quickly);
                }

                break;
            case KeyKind.List:
                database.ListRightPush(key, Members(20, dice), Quickly);
                break;
            case KeyKind.Set:
                database.SetAdd(key, Members(20, dice), Quickly);
                break;
            case KeyKind.IntegerSet:
                database.SetAdd(key, [.. Enumerable.Range(0, 20).Select(_ => (RedisValue)(long)(dice.Next() >> dice.Below(64)))], Quickly);
                break;
            case KeyKind.SortedSet:
                database.SortedSetAdd(
                    key,
                    [.. Members(20, dice).Select(member => new SortedSetEntry(member, ValueSource.Score(dice)))],
                    Quickly
                );
                break;
            case KeyKind.Geo:
                database.GeoAdd(key, [.. Enumerable.Range(0, 10).Select(i => Place(i, dice))], Quickly);
                break;
            default:
                FillStream(database, key, dice);
                break;
        }
    }

    /// <summary>A stream of five entries; every third has groups: one read and half acknowledged, one that nobody read.</summary>
    private void FillStream(IDatabase database, RedisKey key, Dice dice)
    {
        for (int entry = 1; entry <= 5; entry++)
        {
            database.StreamAdd(key, "field", _values.Member(dice), $"1700000000000-{entry}", flags: Quickly);
        }

        if (!dice.Chance(333))
        {
            return;
        }

        database.StreamCreateConsumerGroup(key, "workers", "0", createStream: false, Quickly);
        database.StreamReadGroup(key, "workers", "anna", ">", 3, noAck: false, Quickly);
        database.StreamReadGroup(key, "workers", "büro 2", ">", 1, noAck: false, Quickly);
        database.StreamAcknowledge(key, "workers", "1700000000000-1", Quickly);
        database.StreamCreateConsumerGroup(key, "auditors", "1700000000000-2", createStream: false, Quickly);
    }

    private RedisValue[] Members(int count, Dice dice) => [.. Enumerable.Range(0, count).Select(_ => _values.Member(dice))];

    private static GeoEntry Place(int index, Dice dice) =>
        new(dice.Below(360_000) / 1000.0 - 180, dice.Below(170_000) / 1000.0 - 85, $"place{index}");
}
