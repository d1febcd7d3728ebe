using System.Text;
using BenchmarkDotNet.Attributes;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Verify;

namespace Keyferry.Bench.Micro;

/// <summary>The digests by which keys are spread over lanes and values are compared.</summary>
public class DigestBenchmarks
{
    private readonly byte[] _key = Encoding.ASCII.GetBytes("user:profile:00004711");
    private byte[] _hash = [];

    [GlobalSetup]
    public void Prepare()
    {
        const int fields = 10;
        using var reply = new RespOutput();
        // An array of bulk strings has the same form in both directions: what HGETALL of ten fields answers.
        reply.Command(2 * fields);
        for (var i = 0; i < fields; i++)
        {
            reply.Bulk(Encoding.ASCII.GetBytes($"field{i}"));
            reply.Bulk(Encoding.ASCII.GetBytes($"a value of some length {i}"));
        }

        _hash = reply.Pending.ToArray();
    }

    [Benchmark]
    public uint HashOfKey() => LaneQueue.HashOf(0, _key);

    [Benchmark]
    public ulong DigestOfOrderedValue() => ValueFrames.Digest(_hash);

    [Benchmark]
    public ulong DigestOfHashOfTenFields() => ValueFrames.UnorderedDigest(_hash, 2);
}
