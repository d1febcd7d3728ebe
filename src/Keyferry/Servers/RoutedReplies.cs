using System.Buffers;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>What becomes of a reply.</summary>
internal enum ReplyUse : byte
{
    /// <summary>The caller waits for it.</summary>
    Passed,

    /// <summary>It belongs to a command of the stream's own, on which those behind it rely.</summary>
    MustBeGood,

    /// <summary>It belongs to a command of the stream's own that a server may refuse.</summary>
    Ignored,

    /// <summary>There is none: nobody serves the slot.</summary>
    NotServed,
}

/// <summary>One reply that is due.</summary>
/// <param name="Link">Where it comes from.</param>
/// <param name="Use">What becomes of it.</param>
internal readonly record struct ExpectedReply(NodeLink? Link, ReplyUse Use)
{
    /// <summary>The command where it may be asked again, else its key; pooled.</summary>
    public ArraySegment<byte> Kept { get; init; }

    /// <summary>Whether the command may be asked again elsewhere.</summary>
    public bool Reads { get; init; }

    /// <summary>The database that the command belongs to.</summary>
    public int Database { get; init; }
}

/// <summary>The receiving half of a stream to a cluster: replies of many nodes in the order of the commands, redirections followed where that is safe.</summary>
/// <remarks><b>Concurrency.</b> The sender says what is due, one receiver takes it.</remarks>
/// <param name="topology">Told of every redirection.</param>
/// <param name="again">Connections of the receiver's own, for what is asked again: those of the sender have a writer.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class RoutedReplies(ClusterTopology topology, NodeLinks again, TimeProvider time) : IAsyncDisposable
{
    private const int MostTurns = 20;
    private const int MostAsking = 10_000;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly byte[] NotServed = "-CLUSTERDOWN Hash slot not served\r\n"u8.ToArray();

    private readonly Channel<ExpectedReply> _due = Channel.CreateUnbounded<ExpectedReply>(
        new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }
    );
    private readonly ConcurrentDictionary<KeyName, Endpoint> _asking = new();
    private int _askingCount;
    private ReadOnlyMemory<byte> _left;
    private ReadOnlyMemory<byte> _error;

    /// <summary>Says that a reply is due after all others.</summary>
    public void Expect(in ExpectedReply reply) => _ = _due.Writer.TryWrite(reply);

    /// <summary>The node that has been named for this key's next write by ASK; it counts for one write.</summary>
    public Endpoint? TakeAsking(ReadOnlySpan<byte> key)
    {
        if (Volatile.Read(ref _askingCount) == 0 || !_asking.TryRemove(new KeyName(key.ToArray()), out var node))
        {
            return null;
        }

        _ = Interlocked.Decrement(ref _askingCount);
        return node;
    }

    /// <summary>Receives the next replies, whole or in part.</summary>
    /// <exception cref="IOException">A node was lost.</exception>
    public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
    {
        try
        {
            while (_left.IsEmpty)
            {
                _left = await NextAsync(stop);
            }
        }
        catch (IOException)
        {
            topology.Suspect();
            throw;
        }
        catch (ChannelClosedException closed)
        {
            throw new IOException("the connections to the cluster were reset", closed);
        }

        var used = 0;
        while (true)
        {
            var part = _left[..Math.Min(_left.Length, buffer.Length - used)];
            part.CopyTo(buffer[used..]);
            used += part.Length;
            _left = _left[part.Length..];
            if (!_left.IsEmpty || !TryNext(out _left))
            {
                return used;
            }
        }
    }

    /// <summary>Fails whoever waits.</summary>
    public void Reset()
    {
        _ = _due.Writer.TryComplete();
        again.Reset();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Reset();
        while (_due.Reader.TryRead(out var reply))
        {
            Return(reply);
        }

        await again.DisposeAsync();
    }

    /// <summary>Takes a reply that is there already and is the caller's without further ado.</summary>
    private bool TryNext(out ReadOnlyMemory<byte> frame)
    {
        frame = default;
        if (
            !_due.Reader.TryPeek(out var due)
            || due is not { Use: ReplyUse.Passed, Link: { } link }
            || !link.Connection.HasBufferedInput
            || !link.Connection.TryRead(out frame)
        )
        {
            return false;
        }

        if (IsError(frame))
        {
            // What it means is found out by whoever waits for it.
            _error = frame;
            frame = default;
            return false;
        }

        _ = _due.Reader.TryRead(out _);
        Return(due);
        return true;
    }

    /// <returns>The bytes for the caller; empty where the reply was not for him.</returns>
    private async ValueTask<ReadOnlyMemory<byte>> NextAsync(CancellationToken stop)
    {
        var due = await _due.Reader.ReadAsync(stop);
        if (due.Link is not { } link)
        {
            return NotServed;
        }

        var frame = _error;
        _error = default;
        if (frame.IsEmpty)
        {
            frame = await link.Connection.ReadAsync(stop);
        }

        try
        {
            return due.Use switch
            {
                ReplyUse.Ignored => default,
                ReplyUse.MustBeGood => IsError(frame)
                    ? throw new IOException(
                        $"{link.Connection.Endpoint} refused what the commands behind it need: {RespValue.Of(frame.Span).Text}"
                    )
                    : default,
                _ => IsError(frame) ? await JudgeAsync(due, frame, stop) : frame,
            };
        }
        finally
        {
            Return(due);
        }
    }

    private async ValueTask<ReadOnlyMemory<byte>> JudgeAsync(ExpectedReply due, ReadOnlyMemory<byte> frame, CancellationToken stop)
    {
        var text = RespValue.Of(frame.Span).Text;
        if (due.Link is not { } link || due.Kept.Array is null || !Redirection.Is(text))
        {
            if (text.StartsWith("CLUSTERDOWN", StringComparison.Ordinal) || text.StartsWith("READONLY", StringComparison.Ordinal))
            {
                topology.Suspect();
            }

            return text.StartsWith("NOPERM", StringComparison.Ordinal) && due.Link is { } refused
                ? NamedAt(refused.Connection.Endpoint, text)
                : frame;
        }

        if (due.Reads)
        {
            return await AskAgainAsync(due, text, link.Connection.Endpoint, stop);
        }

        if (Redirection.TryParse(text, out var to))
        {
            var node = Note(to, link.Connection.Endpoint);
            if (to.IsAsk && Volatile.Read(ref _askingCount) < MostAsking && _asking.TryAdd(new KeyName(due.Kept.ToArray()), node))
            {
                _ = Interlocked.Increment(ref _askingCount);
            }
        }

        return frame;
    }

    private Endpoint Note(Redirection to, Endpoint asked)
    {
        if (!to.IsAsk)
        {
            topology.Moved(to, asked);
        }

        return asked with
        {
            Host = to.Host.Length == 0 ? asked.Host : to.Host,
            Port = to.Port,
        };
    }

    private async ValueTask<ReadOnlyMemory<byte>> AskAgainAsync(ExpectedReply due, string text, Endpoint asked, CancellationToken stop)
    {
        var isAsk = false;
        for (var turn = 0; turn < MostTurns; turn++)
        {
            if (Redirection.TryParse(text, out var to))
            {
                (asked, isAsk) = (Note(to, asked), to.IsAsk);
            }

            if (turn > 1 || !text.StartsWith('M'))
            {
                // The nodes do not agree yet, or the slot is on its way.
                await Task.Delay(turn == 0 ? TimeSpan.FromMilliseconds(1) : Pause, time, stop);
            }

            var link = await again.GetAsync(asked, stop);
            var frame = await AskAsync(link, due, isAsk, stop);
            if (!IsError(frame))
            {
                return frame;
            }

            text = RespValue.Of(frame.Span).Text;
            if (!Redirection.Is(text))
            {
                return frame;
            }
        }

        throw new IOException($"the nodes of the cluster send a key from one to the other ({text})");
    }

    private static async ValueTask<ReadOnlyMemory<byte>> AskAsync(NodeLink link, ExpectedReply due, bool isAsk, CancellationToken stop)
    {
        var connection = link.Connection;
        if (link.Database != due.Database)
        {
            _ = await connection.CallAsync(stop, "SELECT", due.Database);
            link.Database = due.Database;
        }

        if (isAsk && await connection.TryCallAsync(stop, "ASKING") is { IsError: true } refused)
        {
            // Without it the node would send the key back to where it has left.
            return NamedAt(connection.Endpoint, refused.Text);
        }

        connection.Output.Raw(due.Kept);
        await connection.FlushAsync(stop);
        return await connection.ReadAsync(stop);
    }

    /// <summary>A refusal with the node that it came from: each has users of its own.</summary>
    private static byte[] NamedAt(Endpoint node, string refusal) =>
        System.Text.Encoding.UTF8.GetBytes($"-{refusal.TrimEnd('.')} (at {node})\r\n");

    private static bool IsError(ReadOnlyMemory<byte> frame) => frame.Span[0] is (byte)RespType.Error or (byte)RespType.BulkError;

    private static void Return(in ExpectedReply reply)
    {
        if (reply.Kept.Array is { } array)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
