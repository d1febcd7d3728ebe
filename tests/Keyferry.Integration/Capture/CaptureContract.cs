using System.Collections.Concurrent;
using System.Text;
using Keyferry.Capture;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Servers;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Servers;
using Keyferry.State;
using StackExchange.Redis;

namespace Keyferry.Integration.Capture;

/// <summary>What every capture must do, on a real server. A capture that only polls fulfils it by saying that everything may have changed.</summary>
public abstract class CaptureContract : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private RedisServer? _server;
    private ICapture? _capture;
    private Task _running = Task.CompletedTask;

    internal Heard Sink { get; } = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private RedisServer Server => _server ?? throw new InvalidOperationException("not started");

    public async ValueTask InitializeAsync()
    {
        _server = await RedisServer.StartAsync(ServerKind.Machine);
        var connector = Connectors.To(Server);
        _capture = await CreateAsync(connector, Sink);
        await _capture.ArmAsync(Token);
        _running = _capture.RunAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await (_capture?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_server?.DisposeAsync() ?? ValueTask.CompletedTask);
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    internal abstract ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink);

    [Theory]
    [InlineData("SET k v")]
    [InlineData("RPUSH k v")]
    [InlineData("SADD k v")]
    [InlineData("ZADD k 1 v")]
    [InlineData("HSET k f v")]
    [InlineData("XADD k * f v")]
    [InlineData("PFADD k v")]
    [InlineData("GEOADD k 13 38 p")]
    [InlineData("SETBIT k 7 1")]
    public async Task Every_kind_of_write_is_heard(string command)
    {
        await ExecuteAsync(command);
        await AssertHeardAsync("k");
    }

    [Fact]
    public async Task A_delete_an_expiry_and_both_names_of_a_rename_are_heard()
    {
        await ExecuteAsync("SET gone v");
        await ExecuteAsync("SET old v");
        await ExecuteAsync("SET short v PX 50");
        await ExecuteAsync("DEL gone");
        await ExecuteAsync("RENAME old new");
        await Task.Delay(300, Token);
        await AssertHeardAsync("gone", "old", "new", "short");
        Assert.True(Sink.Times("gone") >= 2 || !Sink.Losses.IsEmpty);
    }

    [Fact]
    public async Task Keys_of_any_bytes_are_heard_whole()
    {
        var redis = await Server.ConnectAsync();
        byte[] name = [0, 255, (byte)'\r', (byte)'\n', (byte)':', (byte)'_', (byte)'_', (byte)':', (byte)'@', 1];
        await redis.GetDatabase().StringSetAsync(name, "v");
        await _capture!.CatchUpAsync(Token);
        Assert.True(Sink.HasHeard(name));
    }

    [Fact]
    public async Task Ten_thousand_changes_are_all_heard_once_it_has_caught_up()
    {
        var database = (await Server.ConnectAsync()).GetDatabase();
        await Task.WhenAll(Enumerable.Range(0, 10_000).Select(i => database.StringSetAsync($"many:{i}", i)));
        await _capture!.CatchUpAsync(Token);
        Assert.All(Enumerable.Range(0, 10_000), i => Assert.True(Sink.HasHeard(Encoding.ASCII.GetBytes($"many:{i}")), $"many:{i}"));
    }

    [Fact]
    public async Task What_happens_while_the_connection_is_lost_is_heard_or_said_to_be_missed()
    {
        var redis = await Server.ConnectAsync();
        await redis.GetServers()[0].ExecuteAsync("CLIENT", "KILL", "TYPE", "pubsub");
        await redis.GetServers()[0].ExecuteAsync("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        var database = (await Server.ConnectAsync()).GetDatabase();
        await database.StringSetAsync("blind", "v");
        await _capture!.CatchUpAsync(Token);
        Assert.True(Sink.HasHeard("blind"u8.ToArray()));
        await database.StringSetAsync("after", "v");
        await AssertHeardAsync("after");
    }

    private async Task ExecuteAsync(string command)
    {
        var words = command.Split(' ');
        await (await Server.ConnectAsync()).GetDatabase().ExecuteAsync(words[0], words[1..]);
    }

    private async Task AssertHeardAsync(params string[] keys)
    {
        await _capture!.CatchUpAsync(Token);
        Assert.All(keys, key => Assert.True(Sink.HasHeard(Encoding.ASCII.GetBytes(key)), key));
    }

    internal sealed class Heard : IChangeSink
    {
        private readonly ConcurrentDictionary<string, int> _keys = new();

        public ConcurrentQueue<string> Losses { get; } = new();

        public bool HasHeard(byte[] key) => _keys.ContainsKey(Convert.ToHexString(key)) || !Losses.IsEmpty;

        public int Times(string key) => _keys.GetValueOrDefault(Convert.ToHexString(Encoding.ASCII.GetBytes(key)));

        public void Changed(int database, ReadOnlySpan<byte> key) =>
            _keys.AddOrUpdate(Convert.ToHexString(key), 1, static (_, times) => times + 1);

        public void Expired(int database, ReadOnlySpan<byte> key) => Changed(database, key);

        public void AllChanged(string reason) => Losses.Enqueue(reason);

        public void MayHaveMissed(string reason, long? since = null) => Losses.Enqueue(reason);
    }
}

public sealed class NotificationCaptureTests : CaptureContract
{
    internal override async ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink)
    {
        var flags = new NotificationSwitch(connector, new MemoryRunStore(TimeProvider.System), run: 1);
        var found = await flags.EnsureAsync(TestContext.Current.CancellationToken);
        return new ListeningCapture(
            connector,
            new NotificationDialect(connector, flags, sink, found.Family),
            sink,
            TimeSpan.FromSeconds(30),
            TimeProvider.System
        );
    }
}

public sealed class TrackingCaptureTests : CaptureContract
{
    internal override ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink) =>
        ValueTask.FromResult<ICapture>(Create(connector, sink));

    internal static ListeningCapture Create(ServerConnector connector, IChangeSink sink)
    {
        var dialect = new TrackingDialect(connector);
        _ = dialect.UseDatabase(0);
        return new ListeningCapture(connector, dialect, sink, TimeSpan.FromSeconds(30), TimeProvider.System);
    }
}

public sealed class RedundantCaptureTests : CaptureContract
{
    internal override ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink) =>
        ValueTask.FromResult<ICapture>(new RedundantCapture(into => TrackingCaptureTests.Create(connector, into), sink));
}

public sealed class PollingCaptureTests : CaptureContract
{
    internal override ValueTask<ICapture> CreateAsync(ServerConnector connector, IChangeSink sink) =>
        ValueTask.FromResult<ICapture>(new PollingCapture(TimeSpan.FromSeconds(1), sink, TimeProvider.System));
}
