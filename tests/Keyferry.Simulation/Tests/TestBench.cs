using Keyferry.Model;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.Tests;

/// <summary>One server on a simulated network, for the tests of the kit.</summary>
internal sealed class TestBench
{
    public const string Address = "server:6379";

    public TestBench(ulong seed = 1, ServerOptions? options = null, NetworkProfile? network = null)
    {
        Scheduler = new DeterministicScheduler(seed);
        Network = new SimNetwork(Scheduler, seed, network ?? new NetworkProfile());
        Server = new SimServer(Scheduler, Address, seed, options);
        Network.Listen(Address, Server);
    }

    public DeterministicScheduler Scheduler { get; }

    public SimNetwork Network { get; }

    public SimServer Server { get; }

    /// <summary>Runs a test inside the simulation.</summary>
    public void Run(Func<Task> test) => Scheduler.Run(test);

    /// <summary>Opens a connection.</summary>
    public async Task<RawClient> ConnectAsync() => new(await Network.DialAsync(new Endpoint { Host = "server" }, CancellationToken.None));

    /// <summary>Lets virtual time pass.</summary>
    public Task PassAsync(double milliseconds) => Task.Delay(TimeSpan.FromMilliseconds(milliseconds), Scheduler.Time);
}
