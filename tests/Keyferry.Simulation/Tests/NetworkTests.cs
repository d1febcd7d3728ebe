using Keyferry.Simulation.Network;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.Tests;

public sealed class NetworkTests
{
    [Fact]
    public void A_half_open_connection_is_silent_and_heals()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await using var client = await bench.ConnectAsync();
            bench.Network.Links[0].Stall(TimeSpan.FromSeconds(30));
            var reply = client.CallAsync("PING");
            await bench.PassAsync(29_000);
            Assert.False(reply.IsCompleted);
            Assert.Equal("+PONG", await reply);
        });
    }

    [Theory]
    [InlineData(LateWrites.Zombie, "old")]
    [InlineData(LateWrites.ThenReset, "old")]
    [InlineData(LateWrites.ResetFirst, "new")]
    [InlineData(LateWrites.Lost, "new")]
    internal void A_write_may_arrive_after_its_connection_was_dropped(LateWrites fate, string ends)
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await WriteLateAsync(bench, fate);
            await using var next = await bench.ConnectAsync();
            Assert.Equal("+OK", await next.CallAsync("SET", "k", "new"));
            await bench.PassAsync(6_000);
            Assert.Equal($"${ends}", await next.CallAsync("GET", "k"));
        });
    }

    [Fact]
    public void Killing_the_old_connection_by_its_id_stops_the_late_write()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            var id = await WriteLateAsync(bench, LateWrites.Zombie);
            await using var next = await bench.ConnectAsync();
            Assert.Equal(":1", await next.CallAsync("CLIENT", "KILL", "ID", id));
            Assert.Equal("+OK", await next.CallAsync("SET", "k", "new"));
            await bench.PassAsync(6_000);
            Assert.Equal("$new", await next.CallAsync("GET", "k"));
        });
    }

    [Fact]
    public void A_cut_may_lose_the_answer_and_not_the_write()
    {
        var bench = new TestBench(network: new NetworkProfile { Splits = 0 });
        bench.Run(async () =>
        {
            var client = await bench.ConnectAsync();
            await client.SendAsync("SET", "k", "v");
            bench.Network.Links[0].Break(new Cut { DeliversUpstream = true, ServerNotices = TimeSpan.FromSeconds(1) });
            _ = await Assert.ThrowsAsync<IOException>(client.ReadAsync);
            await bench.PassAsync(10);
            Assert.Equal("$1\r\nv\r\n", bench.Server.Execute("GET", "k"));
        });
    }

    [Fact]
    public void A_reply_may_be_cut_in_the_middle()
    {
        var bench = new TestBench();
        _ = bench.Server.Execute("SET", "k", new string('x', 500));
        bench.Run(async () =>
        {
            var client = await bench.ConnectAsync();
            bench.Network.Links[0].Downstream.CutAfter = 100;
            await client.SendAsync("GET", "k");
            var received = 0;
            var buffer = new byte[1000];
            for (int count; (count = await client.Transport.ReceiveAsync(buffer, CancellationToken.None)) > 0; )
            {
                received += count;
            }

            Assert.Equal(100, received);
        });
    }

    [Fact]
    public void A_full_window_makes_the_sender_wait()
    {
        var bench = new TestBench(network: new NetworkProfile { Window = 1000 });
        bench.Run(async () =>
        {
            await using var client = await bench.ConnectAsync();
            bench.Network.Links[0].Upstream.Stall(TimeSpan.FromSeconds(5));
            var sending = client.SendAsync("SET", "k", new string('x', 5000)).AsTask();
            await bench.PassAsync(4_000);
            Assert.False(sending.IsCompleted);
            await sending;
            Assert.Equal("+OK", await client.ReadAsync());
        });
    }

    [Fact]
    public void A_waiting_receiver_can_be_cancelled_and_can_be_reset()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await using var client = await bench.ConnectAsync();
            using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1), bench.Scheduler.Time);
            _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
                await client.Transport.ReceiveAsync(new byte[10], stop.Token)
            );
            var receiving = client.Transport.ReceiveAsync(new byte[10], CancellationToken.None).AsTask();
            await Task.Yield();
            client.Transport.Reset();
            _ = await Assert.ThrowsAsync<IOException>(() => receiving);
            await bench.PassAsync(10);
            Assert.Empty(bench.Server.Clients.All);
        });
    }

    [Fact]
    public void Messages_can_be_doubled_or_dropped_on_purpose()
    {
        var bench = new TestBench();
        bench.Run(async () =>
        {
            await using var listener = await bench.ConnectAsync();
            _ = await listener.CallAsync("SUBSCRIBE", "c");
            bench.Server.PubSub.Fate = static _ => MessageFate.Dropped;
            _ = bench.Server.Execute("PUBLISH", "c", "lost");
            bench.Server.PubSub.Fate = static _ => MessageFate.Doubled;
            _ = bench.Server.Execute("PUBLISH", "c", "twice");
            Assert.Equal("*[$message $c $twice]", await listener.ReadAsync());
            Assert.Equal("*[$message $c $twice]", await listener.ReadAsync());
        });
    }

    /// <summary>A write is under way on a stalled connection when the client drops it; the network heals five seconds later.</summary>
    private static async Task<long> WriteLateAsync(TestBench bench, LateWrites fate)
    {
        var client = await bench.ConnectAsync();
        var id = long.Parse((await client.CallAsync("CLIENT", "ID"))[1..], System.Globalization.CultureInfo.InvariantCulture);
        var link = bench.Network.Links[0];
        link.LateWrites = fate;
        link.Stall(TimeSpan.FromSeconds(5));
        await client.SendAsync("SET", "k", "old");
        client.Transport.Reset();
        await client.DisposeAsync();
        return id;
    }
}
