using System.Globalization;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>What a source has counted of clients that it cut off because they did not take fast enough what it sent, at different times.</summary>
/// <remarks>
/// <para><b>What it tells.</b> That some client was cut off, not which. Redis counts this from 7.4 on, Valkey from 8.0 on. (Asked of Redis 6.0, 7.0, 8.0, 8.6 and Valkey 8.0, 8.1, 9.1.)</para>
/// <para><b>Concurrency.</b> Anybody, any time.</para>
/// </remarks>
internal sealed class BufferCuts
{
    private const string Field = "client_output_buffer_limit_disconnections";

    /// <summary>Times at which the count was seen to be another one: more than that are not needed to know of the last few seconds.</summary>
    private const int Kept = 64;

    private readonly Lock _lock = new();
    private readonly List<(long At, string RunId, long? Count)> _seen = [];

    /// <summary>Takes up what the source has said of itself.</summary>
    /// <param name="identity">What it said.</param>
    /// <param name="answered">When that had come, as a timestamp of the run's clock.</param>
    public void Seen(ServerIdentity identity, long answered)
    {
        long? count = long.TryParse(identity.Fields.GetValueOrDefault(Field), NumberStyles.None, CultureInfo.InvariantCulture, out var said)
            ? said
            : null;
        lock (_lock)
        {
            if (_seen is [.., var last] && (last.At >= answered || (last.RunId == identity.RunId && last.Count == count)))
            {
                return;
            }

            _seen.Add((answered, identity.RunId, count));
            if (_seen.Count > Kept)
            {
                _seen.RemoveAt(0);
            }
        }
    }

    /// <summary>Whether the source counts them, as far as it was seen.</summary>
    public bool AreCounted
    {
        get
        {
            lock (_lock)
            {
                return _seen is [.., { Count: not null }];
            }
        }
    }

    /// <summary>How many clients were cut off between a moment and what was seen last; <see langword="null"/> where the source does not count them, or its count began anew.</summary>
    public long? Since(long moment)
    {
        lock (_lock)
        {
            var before = _seen.FindLast(seen => seen.At <= moment);
            return _seen is [.., var last] && before.RunId == last.RunId && last.Count >= before.Count ? last.Count - before.Count : null;
        }
    }
}
