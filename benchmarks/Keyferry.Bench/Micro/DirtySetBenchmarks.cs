using System.Text;
using BenchmarkDotNet.Attributes;
using Keyferry.Queue;

namespace Keyferry.Bench.Micro;

/// <summary>A change marked dirty, again and for the first time, and taken to be moved.</summary>
public class DirtySetBenchmarks
{
    private const int Keys = 10_000;
    private const int Batch = 500;

    private readonly LaneQueue _queue = new(64L << 20, 1 << 20, TimeProvider.System);
    private readonly KeyBatch _batch = new();
    private byte[][] _keys = [];

    [GlobalSetup]
    public void Prepare() =>
        _keys = [.. Enumerable.Range(0, Keys).Select(static number => Encoding.ASCII.GetBytes($"user:profile:{number:D8}"))];

    [Benchmark(OperationsPerInvoke = Keys)]
    public int MarkTakeAndSettle()
    {
        Mark();
        return Drain();
    }

    [Benchmark(OperationsPerInvoke = 10 * Keys)]
    public int MarkTenTimesAndTakeOnce()
    {
        for (var times = 0; times < 10; times++)
        {
            Mark();
        }

        return Drain();
    }

    private void Mark()
    {
        foreach (var key in _keys)
        {
            if (_queue.Mark(0, key, LaneQueue.HashOf(0, key), KeyFlags.Live) == MarkResult.Full)
            {
                throw new InvalidOperationException("The dirty set is full.");
            }
        }
    }

    private int Drain()
    {
        var taken = 0;
        while (_queue.TryTake(_batch, Batch, Batch))
        {
            taken += _batch.Count;
            foreach (ref var item in _batch.Items)
            {
                item.Settled = true;
            }

            _queue.Done(_batch);
        }

        return taken == Keys ? taken : throw new InvalidOperationException($"{taken} keys were taken.");
    }
}
