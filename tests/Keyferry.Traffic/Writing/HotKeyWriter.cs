using StackExchange.Redis;

namespace Keyferry.Traffic.Writing;

/// <summary>Writes rising numbers into one key as fast as the server takes them.</summary>
public sealed class HotKeyWriter(ServerLink link, RedisKey key)
{
    private const int NumbersPerFlight = 200;

    private long _last;

    /// <summary>The number last sent, or 0 where none was.</summary>
    public long Last => Interlocked.Read(ref _last);

    /// <summary>Writes until <paramref name="stop"/> or until <paramref name="count"/> numbers are written; returns the last one acknowledged.</summary>
    public async Task<long> RunAsync(long count, CancellationToken stop)
    {
        var database = link.Database();
        var before = Task.CompletedTask;
        while (Last < count && !stop.IsCancellationRequested)
        {
            var flight = new List<Task>(NumbersPerFlight);
            for (int i = 0; i < NumbersPerFlight && Last < count; i++)
            {
                flight.Add(database.StringSetAsync(key, Interlocked.Increment(ref _last)));
            }

            await before;
            before = Task.WhenAll(flight);
        }

        await before;
        return Last;
    }
}
