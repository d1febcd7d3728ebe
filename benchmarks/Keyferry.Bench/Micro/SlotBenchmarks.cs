using System.Text;
using BenchmarkDotNet.Attributes;
using Keyferry.Model;

namespace Keyferry.Bench.Micro;

/// <summary>Which slot of a cluster a key belongs to, asked for every key that is routed.</summary>
public class SlotBenchmarks
{
    private readonly byte[] _plain = Encoding.ASCII.GetBytes("user:profile:00004711");
    private readonly byte[] _tagged = Encoding.ASCII.GetBytes("user:{4711}:profile");

    [Benchmark]
    public int SlotOfKey() => KeySlot.Of(_plain);

    [Benchmark]
    public int SlotOfTaggedKey() => KeySlot.Of(_tagged);
}
