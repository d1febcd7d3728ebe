using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Network;

/// <summary>Connects the engine to simulated servers by <c>host:port</c>; the dialer that the engine is given.</summary>
internal sealed class SimNetwork : IDialer
{
    private readonly DeterministicScheduler _scheduler;
    private readonly Dice _dice;
    private readonly Dictionary<string, ISimListener> _listeners = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DialFault> _faults = new(StringComparer.Ordinal);
    private readonly List<SimLink> _links = [];

    public SimNetwork(DeterministicScheduler scheduler, ulong seed, NetworkProfile profile)
    {
        _scheduler = scheduler;
        _dice = Dice.Fork(seed, "network");
        Profile = profile;
        scheduler.Explain(() =>
            _links
                .Where(link => link.IsOpen)
                .Select(link =>
                    $"link {link.Address}#{link.Number}: up {link.Upstream.InFlight}{(link.Upstream.IsStalled ? " stalled" : "")}, "
                    + $"down {link.Downstream.InFlight}{(link.Downstream.IsStalled ? " stalled" : "")}, unread {link.Client.Unread}"
                )
        );
    }

    private enum DialFault
    {
        Refused,
        Silent,
    }

    /// <summary>How it behaves while nothing is wrong.</summary>
    public NetworkProfile Profile { get; }

    /// <summary>Every link that was ever made, oldest first.</summary>
    public IReadOnlyList<SimLink> Links => _links;

    /// <summary>Called with each new link, so that a test can prepare faults for it.</summary>
    public Action<SimLink> Opened { get; set; } = static _ => { };

    /// <summary>Makes a server reachable, or puts another one (after a failover) in its place.</summary>
    public void Listen(string address, ISimListener listener) => _listeners[address] = listener;

    /// <summary>The open links to a server.</summary>
    public IEnumerable<SimLink> OpenLinks(string address) => _links.Where(link => link.IsOpen && link.Address == address);

    /// <summary>New connections are refused for a while.</summary>
    public void RefuseDials(string address, TimeSpan duration) => Fault(address, DialFault.Refused, duration);

    /// <summary>New connections get no answer for a while, as behind a dead route.</summary>
    public void IgnoreDials(string address, TimeSpan duration) => Fault(address, DialFault.Silent, duration);

    /// <inheritdoc/>
    public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop)
    {
        var address = endpoint.ToString();
        await Task.Delay(_dice.Between(Profile.LeastLatency, Profile.MostLatency) * 2, _scheduler.Time, stop);
        while (_faults.TryGetValue(address, out var fault) && fault == DialFault.Silent)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), _scheduler.Time, stop);
        }

        if (_faults.ContainsKey(address) || !_listeners.TryGetValue(address, out var listener) || !listener.IsUp)
        {
            throw new IOException($"Nothing listens at {address} (simulated).");
        }

        var number = _links.Count + 1;
        var link = new SimLink(_scheduler, new Dice(_dice.Next()), Profile, address, number);
        _links.Add(link);
        link.Connect(listener.Accept(link));
        Opened(link);
        return link.Client;
    }

    private void Fault(string address, DialFault fault, TimeSpan duration)
    {
        _faults[address] = fault;
        _ = _scheduler.Time.After(duration, () => _faults.Remove(address), "dials work again");
    }
}
