using Keyferry.Contracts;
using Keyferry.Servers;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;

namespace Keyferry.Simulation.Tests;

/// <summary>The contract of the captures on a simulated server, over several schedules: what is simulated does to them what a real server does.</summary>
public sealed class SimulatedCaptureTests : CaptureContract
{
    private const ulong Schedules = 3;

    private protected override Task OnServerAsync(Func<ICaptureBench, Task> test)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var bench = new Bench(new TestBench(seed));
            bench.Run(() => test(bench));
        }

        return Task.CompletedTask;
    }

    private sealed class Bench(TestBench on) : ICaptureBench
    {
        public ServerConnector Connector { get; } =
            new(on.Network, SimWorld.SourceEndpoint with { Host = "server" }, "source", new ConnectionSettings(), on.Scheduler.Time);

        public TimeProvider Time => on.Scheduler.Time;

        public bool IsUndisturbed => true;

        public void Run(Func<Task> test) => on.Run(test);

        public async Task ExecuteAsync(params byte[][] command)
        {
            // Between two writes others have their turn.
            await Task.Yield();
            var reply = on.Server.Execute([.. command.Select(static word => (Blob)word)]);
            Assert.False(reply.StartsWith('-'), reply);
        }

        public Task CutAsync()
        {
            foreach (var link in on.Network.OpenLinks(on.Server.Name).ToList())
            {
                link.Break(new Cut());
            }

            return Task.CompletedTask;
        }

        public Task PassAsync(TimeSpan time) => Task.Delay(time, Time);
    }
}
