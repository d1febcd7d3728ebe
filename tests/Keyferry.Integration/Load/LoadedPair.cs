using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Integration.Load;

/// <summary>A source with keys of all types, an empty target, and independent clients of both.</summary>
internal sealed class LoadedPair : IAsyncDisposable
{
    private static readonly Version _tellsExpiryTime = new(7, 0);

    private readonly RedisServer _source;
    private readonly RedisServer _target;

    private LoadedPair(RedisServer source, RedisServer target, ServerLink sourceLink, ServerLink targetLink, KeySpace keys)
    {
        _source = source;
        _target = target;
        Source = sourceLink;
        Target = targetLink;
        Keys = keys;
    }

    public ServerLink Source { get; }

    public ServerLink Target { get; }

    public KeySpace Keys { get; }

    public int SourcePort => _source.Port;

    /// <summary>None where the server tells the very millisecond; before 7.0 it only tells what is left, and reading that takes time.</summary>
    private TimeSpan ExpiryTolerance => Source.Version >= _tellsExpiryTime ? TimeSpan.Zero : TimeSpan.FromMilliseconds(20);

    public static Task<LoadedPair> StartAsync(KeySpace keys, CancellationToken stop) =>
        StartAsync(ServerKind.Machine, ServerKind.Machine, keys, stop);

    public static async Task<LoadedPair> StartAsync(ServerKind sourceKind, ServerKind targetKind, KeySpace keys, CancellationToken stop)
    {
        var source = await RedisServer.StartAsync(sourceKind);
        var target = await RedisServer.StartAsync(targetKind);
        var pair = new LoadedPair(
            source,
            target,
            await ServerLink.ConnectAsync(source.Uri),
            await ServerLink.ConnectAsync(target.Uri),
            keys
        );
        await new Filler(pair.Source, keys, await pair.KnowsFieldExpiriesAsync()).FillAsync(stop);
        return pair;
    }

    /// <summary>Starts <c>keyferry migrate</c> from the source to the target.</summary>
    public KeyferryProgram Migrate(params string[] options) => KeyferryProgram.Start(["migrate", _source.Uri, _target.Uri, .. options]);

    /// <summary>Whether both servers know expiries of a hash's fields.</summary>
    public async Task<bool> KnowsFieldExpiriesAsync() => await Source.KnowsFieldExpiriesAsync() && await Target.KnowsFieldExpiriesAsync();

    public Writer Writer(WriterOptions options) => new(Source, Keys, options, TimeProvider.System);

    /// <summary>Waits until the short-lived keys of a writer that has stopped are past their expiry, and meets them, so that the source forgets them.</summary>
    public async Task LetShortLivesEndAsync(CancellationToken stop)
    {
        await Task.Delay(WriterOptions.LongestShortLifeMilliseconds + 100, stop);
        await DatasetDigest.ForgetExpiredAsync(Source, stop);
    }

    /// <summary>Fails unless both servers hold the same, by their own digests and by a comparison key by key.</summary>
    /// <param name="context">What to print on failure: the seed, the program's output.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="prefix">What stands before every name on the target.</param>
    public async Task AssertEqualAsync(string context, CancellationToken stop, string prefix = "")
    {
        var report = await new ServerComparison(Source, Target, ExpiryTolerance, prefix).RunAsync(stop);
        Assert.True(report.AreEqual, $"{report}\n{context}");
        if (_source.Version != _target.Version || prefix.Length > 0)
        {
            // The digest takes scores as the server prints them, and versions print them differently; and it takes the names.
            return;
        }

        string source = await DatasetDigest.OfAsync(Source, stop);
        string target = await DatasetDigest.OfAsync(Target, stop);
        Assert.True(source == target, $"DEBUG DIGEST differs: {source}, {target}\n{context}");
    }

    /// <summary>How often a server ran a command, by its own count.</summary>
    public static async Task<long> CallsAsync(ServerLink server, string command)
    {
        var commands = (await server.Server.InfoAsync("commandstats")).SelectMany(static section => section);
        string? row = commands.FirstOrDefault(pair => pair.Key == "cmdstat_" + command).Value;
        return row is null ? 0 : long.Parse(row.Split('=', ',')[1]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
        await _source.DisposeAsync();
        await _target.DisposeAsync();
    }
}
