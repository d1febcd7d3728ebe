using System.Text;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>Invariant 7, seen from the network: of the values that are on their way from one side to the other, the process holds little, however many there are and
/// however slowly the target takes them.</summary>
public sealed class PayloadBudgetTests
{
    private const ulong Schedules = 3;
    private const int Values = 300;
    private const int ValueBytes = 48 * 1024;

    /// <summary>What has been received and not been cut into values yet (128 KiB), what is sent at a time (64 KiB), and a value beyond each.</summary>
    private const long MostHeld = 320 * 1024;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Values_on_their_way_take_little_memory(bool targetStalls)
    {
        for (var seed = 1UL; seed <= Schedules; seed++)
        {
            var world = new SimWorld(seed, SimProfiles.Calm with { Keys = 0, Writes = 0, Busy = TimeSpan.FromSeconds(8) });
            var meter = new LaneMeter(world);
            for (var i = 0; i < 50; i++)
            {
                var key = $"small:{i}";
                // One after the other, each is a batch: the next ones are made for values as small as these.
                After(TimeSpan.FromMilliseconds(1000 + (i * 20)), () => world.Source.Execute("SET", key, "v"));
            }

            After(TimeSpan.FromSeconds(3), WriteMany);
            if (targetStalls)
            {
                After(TimeSpan.FromSeconds(3.05), Stall);
            }

            var verdict = Run(world, meter);

            Assert.Equal((seed, Verdict.Equal), (seed, verdict));
            Assert.True(meter.Moved > (long)Values * ValueBytes, $"seed {seed}: {meter.Moved} bytes have been moved");
            Assert.True(meter.MostHeld < MostHeld, $"seed {seed}: {meter.MostHeld} bytes were held at a time");

            void After(TimeSpan delay, Action act) => _ = world.Scheduler.Time.After(delay, act, "test");

            void WriteMany()
            {
                for (var i = 0; i < Values; i++)
                {
                    _ = world.Source.Execute("SET", $"large:{i}", new string('x', ValueBytes));
                }
            }

            void Stall()
            {
                foreach (var link in world.Network.OpenLinks(world.Target.Name).ToList())
                {
                    link.Upstream.Stall(TimeSpan.FromSeconds(2));
                }
            }
        }
    }

    private static Verdict? Run(SimWorld world, LaneMeter meter)
    {
        Verdict? verdict = null;
        world.Scheduler.Run(async () =>
        {
            world.Begin();
            using var store = new MemoryRunStore(world.Time);
            using var finish = new CancellationTokenSource();
            var options = new MigrationOptions { Source = SimWorld.SourceEndpoint, Target = SimWorld.TargetEndpoint };
            var run = new MigrationRun(options, meter, store, new SilentObserver(), world.Time).RunAsync(
                finish.Token,
                CancellationToken.None
            );
            await Task.Delay(TimeSpan.FromSeconds(8), world.Time);
            finish.Cancel();
            verdict = (await run).Verdict;
        });
        return verdict;
    }

    /// <summary>Counts what a lane has received from the source and not yet given to the network towards the target.</summary>
    private sealed class LaneMeter(SimWorld world) : IDialer
    {
        private long _received;
        private long _sent;

        /// <summary>The most bytes that were held at a time.</summary>
        public long MostHeld { get; private set; }

        /// <summary>Bytes that went through.</summary>
        public long Moved => _sent;

        public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop) =>
            new Line(this, await world.Network.DialAsync(endpoint, stop), endpoint == SimWorld.SourceEndpoint);

        private void Count(long received, long sent)
        {
            (_received, _sent) = (_received + received, _sent + sent);
            MostHeld = Math.Max(MostHeld, _received - _sent);
        }

        private sealed class Line(LaneMeter meter, ITransport inner, bool isSource) : ITransport
        {
            private bool _isLane;

            public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
            {
                var count = await inner.ReceiveAsync(buffer, stop);
                meter.Count(_isLane && isSource ? count : 0, 0);
                return count;
            }

            public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
            {
                // The connection says its name when it is opened.
                _isLane |= bytes.Length < 1000 && Encoding.Latin1.GetString(bytes.Span).Contains(":lane0", StringComparison.Ordinal);
                await inner.SendAsync(bytes, stop);
                meter.Count(0, _isLane && !isSource ? bytes.Length : 0);
            }

            public void Reset() => inner.Reset();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }
    }
}
