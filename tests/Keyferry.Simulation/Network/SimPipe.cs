using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Network;

/// <summary>One direction of a link: bytes and endings under way, in order, each with its latency.</summary>
internal sealed class SimPipe(DeterministicScheduler scheduler, Dice dice, NetworkProfile profile, string name)
{
    private readonly LinkedList<(byte[]? Bytes, Action? Signal)> _underWay = new();
    private long _lastArrival;
    private int _held;
    private SimTimer? _heal;

    /// <summary>Takes what arrives.</summary>
    public required Action<byte[]> Deliver { get; init; }

    /// <summary>Called when bytes have left the pipe.</summary>
    public Action Drained { get; set; } = static () => { };

    /// <summary>Called when the byte limit of <see cref="CutAfter"/> is reached.</summary>
    public Action LimitReached { get; set; } = static () => { };

    /// <summary>Bytes under way.</summary>
    public int InFlight { get; private set; }

    /// <summary>Whether nothing arrives at the moment.</summary>
    public bool IsStalled { get; private set; }

    /// <summary>Latency on top of the network's.</summary>
    public TimeSpan Slowness { get; set; }

    /// <summary>After so many more bytes the link is cut, in the middle of whatever that is.</summary>
    public long? CutAfter { get; set; }

    /// <summary>Sends bytes on their way.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var piece = bytes.Length > 1 && dice.Chance(profile.Splits) ? bytes[..dice.Between(1, bytes.Length - 1)] : bytes;
            InFlight += piece.Length;
            Add((piece.ToArray(), null));
            bytes = bytes[piece.Length..];
        }
    }

    /// <summary>Sends an ending: it takes effect when everything before it has arrived.</summary>
    public void Send(Action signal) => Add((null, signal));

    /// <summary>Loses what is under way, but for the first <paramref name="keep"/> pieces.</summary>
    public void Lose(int keep = 0)
    {
        while (_underWay.Count > keep && _underWay.Last is { } last)
        {
            InFlight -= last.Value.Bytes?.Length ?? 0;
            _underWay.RemoveLast();
        }
    }

    /// <summary>Pieces under way.</summary>
    public int Pieces => _underWay.Count;

    /// <summary>Nothing arrives any more, without an error, until <see cref="Heal"/>.</summary>
    /// <param name="duration">After which it heals by itself; infinite for never.</param>
    public void Stall(TimeSpan duration)
    {
        IsStalled = true;
        _heal?.Dispose();
        _heal = duration == Timeout.InfiniteTimeSpan ? null : scheduler.Time.After(duration, Heal, $"heal {name}");
    }

    /// <summary>What was held back goes on.</summary>
    public void Heal()
    {
        IsStalled = false;
        for (; _held > 0; _held--)
        {
            Arrange();
        }
    }

    private void Add((byte[]? Bytes, Action? Signal) item)
    {
        _ = _underWay.AddLast(item);
        Arrange();
    }

    private void Arrange()
    {
        var now = scheduler.Time.Elapsed.Ticks;
        var way = dice.Between(profile.LeastLatency, profile.MostLatency) + Slowness;
        _lastArrival = Math.Max(_lastArrival, now + way.Ticks);
        _ = scheduler.Time.After(TimeSpan.FromTicks(_lastArrival - now), Arrive, name);
    }

    private void Arrive()
    {
        if (IsStalled)
        {
            _held++;
            return;
        }

        if (_underWay.First is not { } first)
        {
            return;
        }

        _underWay.RemoveFirst();
        if (first.Value.Bytes is not { } bytes)
        {
            first.Value.Signal?.Invoke();
            return;
        }

        InFlight -= bytes.Length;
        scheduler.Trace.Add(bytes);
        if (CutAfter is { } limit && bytes.Length >= limit)
        {
            CutAfter = null;
            Deliver(bytes[..(int)limit]);
            LimitReached();
            return;
        }

        CutAfter -= bytes.Length;
        Deliver(bytes);
        Drained();
    }
}
