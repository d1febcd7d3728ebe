using Keyferry.Traffic;
using StackExchange.Redis;

namespace Keyferry.Integration.Load;

/// <summary>Reads keys that are written with rising numbers as fast as it can, and remembers every number that was smaller than the one before.</summary>
internal sealed class RisingNumberWatch(ServerLink server, RedisKey[] keys)
{
    private readonly long[] _seen = new long[keys.Length];
    private readonly List<string> _stepsBack = [];

    /// <summary>Each number that went back, in words.</summary>
    public IReadOnlyList<string> StepsBack => _stepsBack;

    /// <summary>How often a number was seen to rise: how closely the watch looked.</summary>
    public int Rises { get; private set; }

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var numbers = await server.Database().StringGetAsync(keys);
            for (var i = 0; i < numbers.Length; i++)
            {
                Take(i, numbers[i]);
            }
        }
    }

    private void Take(int key, RedisValue value)
    {
        // A key that was there and is gone went back to nothing.
        var number = value.IsNull ? 0 : (long)value;
        if (number < _seen[key])
        {
            _stepsBack.Add($"{keys[key]}: {_seen[key]} -> {number}");
        }

        Rises += number > _seen[key] ? 1 : 0;
        _seen[key] = number;
    }
}
