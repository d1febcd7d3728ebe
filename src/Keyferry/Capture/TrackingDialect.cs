using System.Buffers.Text;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Capture;

/// <summary>Client tracking in broadcast mode over RESP3: nothing is configured on the server. Tells of flushes, too; does not tell the database, nor of consumer groups.</summary>
/// <remarks>Since the database is not told, a key is looked at in every database that was ever seen in use. One that comes into use is a gap, noted by the watch
/// over the source through <see cref="UseDatabase"/>.</remarks>
/// <param name="connector">For messages.</param>
internal sealed class TrackingDialect(ServerConnector connector) : ICaptureDialect
{
    private readonly Lock _lock = new();
    private int[] _databases = [];

    /// <inheritdoc/>
    public string Description => "client tracking in broadcast mode";

    /// <inheritdoc/>
    public string BufferClass => "normal";

    /// <inheritdoc/>
    public int PongsPerProof => 2;

    /// <summary>Says that a database is in use.</summary>
    /// <returns>Whether that is new.</returns>
    public bool UseDatabase(int database)
    {
        lock (_lock)
        {
            if (_databases.Contains(database))
            {
                return false;
            }

            Volatile.Write(ref _databases, [.. _databases, database]);
            return true;
        }
    }

    /// <inheritdoc/>
    public ValueTask PrepareAsync(CancellationToken stop) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public async ValueTask SubscribeAsync(RespConnection connection, CancellationToken stop)
    {
        var hello = await connection.TryCallAsync(stop, "HELLO", 3);
        var tracking = hello.IsError ? hello : await connection.TryCallAsync(stop, "CLIENT", "TRACKING", "ON", "BCAST");
        if (tracking.IsError)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The {connector.Role} does not track changes for this client: {tracking.Text.TrimEnd('.')}.",
                "Tracking needs Redis 6.0 or Valkey, and for an ACL user +hello and +client|tracking; --capture notifications or polling may work."
            );
        }
    }

    /// <inheritdoc/>
    public long Hear(ReadOnlySpan<byte> frame, IChangeSink sink, OwnKeyHeard ours)
    {
        var reader = new RespReader(frame);
        reader.Require();
        if (reader.IsError)
        {
            throw new IOException($"the server ended the tracking: {reader.Text}");
        }

        if (reader.Type != RespType.Push)
        {
            return Utf8Parser.TryParse(reader.Bytes, out long token, out var used) && used == reader.Bytes.Length ? token : 0;
        }

        reader.Require();
        if (!reader.Bytes.SequenceEqual("invalidate"u8))
        {
            return 0;
        }

        reader.Require();
        if (reader.IsNull)
        {
            sink.AllChanged("the source was flushed");
            return 0;
        }

        var databases = Volatile.Read(ref _databases);
        for (var left = reader.Count; left > 0; left--)
        {
            reader.Require();
            if (ReservedKeys.Contains(reader.Bytes))
            {
                ours(reader.Bytes);
                continue;
            }

            foreach (var database in databases)
            {
                sink.Changed(database, reader.Bytes);
            }
        }

        return 0;
    }
}
