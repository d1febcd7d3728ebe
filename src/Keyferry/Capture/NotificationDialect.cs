using System.Buffers.Text;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>Keyspace notifications: a pattern subscription. Tells the database; tells nothing of flushes, SWAPDB and consumer groups.</summary>
/// <param name="connector">For messages.</param>
/// <param name="hearing">Switches on what is missing, and notes a gap where that is so although somebody listens already: a capture whose connection is replaced notices no loss by
/// itself. <see langword="null"/> where nothing may be changed, and somebody else has looked that nothing is missing.</param>
/// <param name="family">The family of channels that the server has switched on.</param>
internal sealed class NotificationDialect(ServerConnector connector, HearingTrial? hearing, ChannelFamily family) : ICaptureDialect
{
    /// <inheritdoc/>
    public string Description => $"keyspace notifications ({family.Pattern()})";

    /// <inheritdoc/>
    public string BufferClass => "pubsub";

    /// <inheritdoc/>
    public int PongsPerProof => 1;

    /// <summary>Subscribes on a connection that is closed again.</summary>
    /// <exception cref="KeyferryException">The source does not let this user, or cannot be reached.</exception>
    public async ValueTask TryAsync(CancellationToken stop)
    {
        try
        {
            await using var connection = await connector.ConnectAsync("flags", stop);
            await SubscribeAsync(connection, stop);
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role);
        }
    }

    /// <inheritdoc/>
    public ValueTask PrepareAsync(CancellationToken stop) => hearing?.BeginAsync(stop) ?? ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(RespConnection connection, CancellationToken stop)
    {
        if (connector.Renewal is not null)
        {
            // The second version of the protocol takes no AUTH on a connection that listens.
            _ = await connection.CallAsync(stop, "HELLO", 3);
        }

        var reply = await connection.TryCallAsync(stop, "PSUBSCRIBE", family.Pattern());
        if (reply.IsError)
        {
            throw Refused(reply.Text);
        }
    }

    /// <inheritdoc/>
    public long Hear(ReadOnlySpan<byte> frame, IChangeSink sink, OwnKeyHeard ours)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            throw new IOException($"the subscription was refused: {reader.Text}");
        }

        var count = reader.Count;
        if (count == 0)
        {
            // In the third version a pong is no message, but a plain reply.
            return Utf8Parser.TryParse(reader.Bytes, out long plain, out var used) && used == reader.Bytes.Length ? plain : 0;
        }

        reader.Require();
        if (count == 4 && reader.Bytes.SequenceEqual("pmessage"u8))
        {
            reader.Require();
            reader.Require();
            var channel = reader.Bytes;
            reader.Require();
            HearMessage(channel, reader.Bytes, sink, ours);
            return 0;
        }

        if (count == 2 && reader.Bytes.SequenceEqual("pong"u8))
        {
            reader.Require();
            return Utf8Parser.TryParse(reader.Bytes, out long token, out _) ? token : 0;
        }

        return 0;
    }

    /// <summary>What lets a user subscribe.</summary>
    public static string Rights(string pattern) =>
        $"Give the user +psubscribe and the channel right &{pattern} (channel rights match a pattern literally).";

    private static void HearMessage(ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload, IChangeSink sink, OwnKeyHeard ours)
    {
        if (!NotificationMessage.TryParse(channel, payload, out var database, out var what, out var key))
        {
            return;
        }

        if (ReservedKeys.Contains(key))
        {
            ours(key);
        }
        else if (what.SequenceEqual("expired"u8))
        {
            sink.Expired(database, key);
        }
        else if (!what.SequenceEqual("keymiss"u8))
        {
            // A miss is a read of a key that is not there: nothing has changed, and the source need never have had it.
            sink.Changed(database, key);
        }
    }

    private KeyferryException Refused(string reply) =>
        reply.StartsWith("NOPERM", StringComparison.Ordinal)
            ? new KeyferryException(
                FailureKind.Refused,
                $"The {connector.Role} {connector.Endpoint} does not let this user subscribe to {family.Pattern()}: {reply.TrimEnd('.')}.",
                Rights(family.Pattern())
            )
            : new KeyferryException(
                FailureKind.Refused,
                $"The {connector.Role} {connector.Endpoint} cannot send keyspace notifications: {reply.TrimEnd('.')}.",
                "Serverless caches and some proxies have no PSUBSCRIBE; --capture polling needs nothing but SCAN and DUMP."
            );
}
