using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.Server;

/// <summary>What becomes of one message to one subscriber.</summary>
internal enum MessageFate
{
    Delivered,

    /// <summary>Delivered twice: harmless to a correct reader.</summary>
    Doubled,

    /// <summary>Lost without a trace. Real servers lose messages only together with the connection: use it to show that an engine is caught out.</summary>
    Dropped,
}

/// <summary>Channels, patterns, and the keyspace notifications sent over them.</summary>
internal sealed class PubSubHub(SimServer server)
{
    /// <summary>Decides over each message; everything is delivered unless a fault is put in.</summary>
    public Func<SimClient, MessageFate> Fate { get; set; } = static _ => MessageFate.Delivered;

    /// <summary>Raises the events of a change, if the flags want them.</summary>
    public void Tell(char type, string operation, Blob key, int database)
    {
        var flags = server.Configuration.Events;
        if (!flags.Has(type))
        {
            return;
        }

        if (flags.Has('K'))
        {
            _ = Publish(Concat($"__keyspace@{database}__:", key), operation);
        }

        if (flags.Has('E'))
        {
            _ = Publish($"__keyevent@{database}__:{operation}", key);
        }
    }

    /// <summary>Sends a message to everybody who listens.</summary>
    /// <returns>To how many.</returns>
    public int Publish(Blob channel, Blob message)
    {
        var receivers = 0;
        foreach (var client in server.Clients.All)
        {
            if (client.Channels.Contains(channel))
            {
                receivers++;
                Send(client, pattern: null, channel, message);
            }
        }

        foreach (var client in server.Clients.All)
        {
            foreach (var pattern in client.Patterns.Where(pattern => Glob.Matches(pattern.Span, channel.Span)))
            {
                receivers++;
                Send(client, pattern, channel, message);
            }
        }

        return receivers;
    }

    private static Blob Concat(string prefix, Blob key)
    {
        Blob start = prefix;
        return (byte[])[.. start.Span, .. key.Span];
    }

    private void Send(SimClient client, Blob? pattern, Blob channel, Blob message)
    {
        var times = Fate(client) switch
        {
            MessageFate.Dropped => 0,
            MessageFate.Doubled => 2,
            _ => 1,
        };
        for (var i = 0; i < times; i++)
        {
            client.Reply.Push(pattern is null ? 3 : 4);
            client.Reply.Bulk(pattern is null ? "message" : "pmessage");
            if (pattern is { } matched)
            {
                client.Reply.Bulk(matched);
            }

            client.Reply.Bulk(channel);
            client.Reply.Bulk(message);
        }

        server.Clients.HasOutput(client);
    }
}
