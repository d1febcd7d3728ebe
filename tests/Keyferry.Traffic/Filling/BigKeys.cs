using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Traffic.Filling;

/// <summary>One big key of every type, in database 0: values that do not fit into one read or one batch.</summary>
public sealed class BigKeys(ServerLink link, ulong seed)
{
    private const int BatchOfElements = 500;

    private readonly ValueSource _values = new(seed);

    /// <summary>How many keys <see cref="FillAsync"/> writes.</summary>
    public const int Count = 7;

    /// <param name="elements">Elements of each collection; the stream has a tenth of them.</param>
    /// <param name="stringBytes">Length of the string.</param>
    public async Task FillAsync(int elements, int stringBytes, CancellationToken stop)
    {
        var dice = new Dice(seed);
        var database = link.Database();
        await database.KeyDeleteAsync(["big:string", "big:list", "big:set", "big:integers", "big:hash", "big:sortedset", "big:stream"]);
        await database.StringSetAsync("big:string", _values.Big(stringBytes));
        for (int done = 0; done < elements; done += BatchOfElements)
        {
            stop.ThrowIfCancellationRequested();
            int first = done;
            var numbers = Enumerable.Range(first, Math.Min(BatchOfElements, elements - first)).ToArray();
            await Task.WhenAll(
                database.ListRightPushAsync("big:list", [.. numbers.Select(_ => _values.Member(dice))]),
                database.SetAddAsync("big:set", [.. numbers.Select(number => (RedisValue)$"member {number}")]),
                database.SetAddAsync("big:integers", [.. numbers.Select(number => (RedisValue)number)]),
                database.HashSetAsync("big:hash", [.. numbers.Select(number => new HashEntry($"field {number}", _values.Member(dice)))]),
                database.SortedSetAddAsync(
                    "big:sortedset",
                    [.. numbers.Select(number => new SortedSetEntry($"member {number}", ValueSource.Score(dice)))]
                )
            );
            await Task.WhenAll(
                numbers
                    .Where(number => number % 10 == 0)
                    .Select(number => database.StreamAddAsync("big:stream", "field", _values.Member(dice), $"1700000000000-{number + 1}"))
            );
        }

        await database.StreamCreateConsumerGroupAsync("big:stream", "workers", "0", createStream: false);
        await database.StreamReadGroupAsync("big:stream", "workers", "anna", ">", elements / 20);
    }
}
