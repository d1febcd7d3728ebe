using System.Text;
using BenchmarkDotNet.Attributes;
using Keyferry.Resp;

namespace Keyferry.Bench.Micro;

/// <summary>Replies cut out of the receive buffer, and commands written into the send buffer, in batches as the lanes have them.</summary>
public class RespBenchmarks : IDisposable
{
    private const int KeysPerBatch = 500;

    private readonly byte[] _payload = new byte[300];
    private readonly RespOutput _output = new();
    private readonly RespInput _input = new();
    private byte[] _replies = [];
    private byte[][] _keys = [];

    [GlobalSetup]
    public void Prepare()
    {
        new Random(1).NextBytes(_payload);
        _keys = [.. Enumerable.Range(0, KeysPerBatch).Select(static number => Encoding.ASCII.GetBytes($"user:profile:{number:D8}"))];
        using var replies = new RespOutput();
        for (var i = 0; i < KeysPerBatch; i++)
        {
            // A bulk string has the same form in both directions.
            replies.Bulk(_payload);
        }

        _replies = replies.Pending.ToArray();
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _output.Dispose();
        _input.Dispose();
        GC.SuppressFinalize(this);
    }

    [Benchmark(OperationsPerInvoke = KeysPerBatch)]
    public int WriteRestore()
    {
        for (var i = 0; i < KeysPerBatch; i++)
        {
            _output.Command(5);
            _output.Bulk("RESTORE"u8);
            _output.Bulk(_keys[i]);
            _output.Bulk(1_900_000_000_000);
            _output.Bulk(_payload);
            _output.Bulk("REPLACE"u8);
        }

        var length = _output.Length;
        _output.Clear();
        return length;
    }

    [Benchmark(OperationsPerInvoke = KeysPerBatch)]
    public int ReadPayloads()
    {
        var read = 0;
        for (var sent = 0; sent < _replies.Length; )
        {
            var free = _input.Free();
            var portion = Math.Min(free.Length, _replies.Length - sent);
            _replies.AsMemory(sent, portion).CopyTo(free);
            _input.Received(portion);
            sent += portion;
            while (_input.TryTake(out var frame))
            {
                var reader = new RespReader(frame.Span);
                reader.Require();
                read += reader.Bytes.Length;
            }
        }

        return read == KeysPerBatch * _payload.Length ? read : throw new InvalidOperationException("The replies were not read.");
    }
}
