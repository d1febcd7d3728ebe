using System.Runtime.CompilerServices;
using System.Text;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Notifications;

/// <summary>A connection that listens to keyspace notifications, for watching and testing.</summary>
/// <remarks>Two subscriptions at most, one a family. A pong comes after every message that the server queued before it: that tells "nothing came" without waiting.</remarks>
internal sealed class NotificationSubscription : IAsyncDisposable
{
    private readonly RespConnection _connection;
    private readonly TimeProvider _time;
    private long _pings;

    private NotificationSubscription(RespConnection connection, TimeProvider time)
    {
        _connection = connection;
        _time = time;
    }

    /// <summary>The families that the server lets us listen to.</summary>
    public List<ChannelFamily> Families { get; } = [];

    /// <summary>What it said to the others.</summary>
    public Dictionary<ChannelFamily, string> Refusals { get; } = [];

    /// <summary>Subscribes to each of <paramref name="families"/>; a refusal is noted, not thrown.</summary>
    /// <exception cref="KeyferryException">The server cannot be reached.</exception>
    public static async ValueTask<NotificationSubscription> OpenAsync(
        ServerConnector connector,
        IReadOnlyList<ChannelFamily> families,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var connection = await connector.ConnectAsync("events", stop, subscription: true);
        var subscription = new NotificationSubscription(connection, time);
        try
        {
            foreach (var family in families)
            {
                await subscription.SubscribeAsync(family, stop);
            }

            return subscription;
        }
        catch
        {
            await subscription.DisposeAsync();
            throw;
        }
    }

    /// <summary>Hands out every notification as it comes, until the connection is lost or <paramref name="stop"/>.</summary>
    public async IAsyncEnumerable<Notification> ListenAsync([EnumeratorCancellation] CancellationToken stop)
    {
        while (true)
        {
            var frame = await _connection.ReadAsync(stop);
            if (Read(frame.Span, out _) is { } heard)
            {
                yield return heard;
            }
        }
    }

    /// <summary>Hands everything to <paramref name="hear"/> that was raised before <paramref name="act"/> has ended, then returns.</summary>
    /// <param name="act">What raises events, and has the server's answer when it ends.</param>
    /// <param name="hear">Takes one event.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask HearDuringAsync(Func<ValueTask> act, Action<Notification> hear, CancellationToken stop)
    {
        _pings++;
        var hearing = HearUntilPongAsync(_pings, hear, stop).AsTask();
        try
        {
            await act();
            _connection.Write("PING", _pings);
            await _connection.FlushAsync(stop);
        }
        catch
        {
            _connection.Reset();
            await Task.WhenAny(hearing);
            throw;
        }

        await hearing;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async ValueTask SubscribeAsync(ChannelFamily family, CancellationToken stop)
    {
        _connection.Write("PSUBSCRIBE", family.Pattern());
        await _connection.FlushAsync(stop);
        while (true)
        {
            var frame = await _connection.ReadAsync(stop);
            // Events of a family that is on already may come in between.
            if (Read(frame.Span, out _) is not null)
            {
                continue;
            }

            var reply = RespValue.Of(frame.Span);
            if (reply.IsError)
            {
                Refusals[family] = reply.Text;
            }
            else
            {
                Families.Add(family);
            }

            return;
        }
    }

    private async ValueTask HearUntilPongAsync(long token, Action<Notification> hear, CancellationToken stop)
    {
        while (true)
        {
            var frame = await _connection.ReadAsync(stop);
            if (Read(frame.Span, out var pong) is { } heard)
            {
                hear(heard);
            }
            else if (pong == token)
            {
                return;
            }
        }
    }

    // pmessage comes as an array in RESP2 and as a push in RESP3; the elements are the same.
    private Notification? Read(ReadOnlySpan<byte> frame, out long pong)
    {
        pong = 0;
        var reader = new RespReader(frame);
        reader.Require();
        var count = reader.Count;
        if (count == 0)
        {
            return null;
        }

        reader.Require();
        if (count == 2 && reader.Bytes.SequenceEqual("pong"u8))
        {
            reader.Require();
            pong = reader.Integer;
            return null;
        }

        if (count != 4 || !reader.Bytes.SequenceEqual("pmessage"u8))
        {
            return null;
        }

        reader.Require();
        var family = reader.Bytes.StartsWith("__keyspace@"u8) ? ChannelFamily.Key : ChannelFamily.Event;
        reader.Require();
        var channel = reader.Bytes;
        reader.Require();
        return NotificationMessage.TryParse(channel, reader.Bytes, out var database, out var what, out var key)
            ? new Notification(_time.GetUtcNow(), family, database, Encoding.UTF8.GetString(what), new KeyName(key.ToArray()))
            : null;
    }
}
