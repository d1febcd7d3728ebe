using System.Buffers;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>A byte stream to a whole cluster: takes commands as a server does, sends each to the owner of its key, and gives the replies back in the order of the commands.</summary>
/// <remarks>
/// <para><b>Promises.</b> Commands on one key take one connection, in order, as long as its slot stays where it is. Nothing that may write is sent twice: its redirection
/// is the reply. What only reads is asked again where the redirection points (<see cref="RoutedReplies"/>).</para>
/// <para><b>Does not promise.</b> An order between keys of several nodes; commands whose keys have several slots.</para>
/// <para><b>Concurrency.</b> As every transport: one sender, one receiver.</para>
/// </remarks>
internal sealed class RoutedTransport : ITransport
{
    private static readonly byte[] MultiCommand = "*1\r\n$5\r\nMULTI\r\n"u8.ToArray();

    private readonly ClusterTopology _topology;
    private readonly RespInput _commands = new();
    private readonly NodeLinks _links;
    private readonly RoutedReplies _replies;
    private readonly List<byte[]> _states = [];
    private readonly NodeLink _home;
    private NodeLink? _transaction;
    private bool _transactionWaits;
    private int _database;
    private SlotMap? _checked;

    private RoutedTransport(ClusterTopology topology, NodeLinks links, RoutedReplies replies, NodeLink home)
    {
        _topology = topology;
        _links = links;
        _replies = replies;
        _home = home;
    }

    /// <summary>Opens the stream with a connection to its home node; the others are opened when they are needed.</summary>
    /// <param name="topology">Who serves what.</param>
    /// <param name="home">The node that gets what has no key.</param>
    /// <param name="open">Opens a connection to a node, or to what is read in its place.</param>
    /// <param name="openItself">Opens one to the node itself, for what is asked again: only it knows of slots that are on their way.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="IOException">The home node cannot be reached.</exception>
    public static async ValueTask<RoutedTransport> OpenAsync(
        ClusterTopology topology,
        HomeNode home,
        Func<Endpoint, CancellationToken, ValueTask<RespConnection>> open,
        Func<Endpoint, CancellationToken, ValueTask<RespConnection>> openItself,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var map = topology.Current;
        var node = map.OwnerOf(home.SlotIn(map)) ?? (map.Primaries is [var first, ..] ? first : null);
        if (node is null)
        {
            throw new IOException("no node of the cluster serves any slot");
        }

        var links = new NodeLinks(open);
        try
        {
            var link = await links.GetAsync(topology.EndpointOf(node), stop);
            return new RoutedTransport(topology, links, new RoutedReplies(topology, new NodeLinks(openItself), time), link);
        }
        catch
        {
            topology.Suspect();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        RequireHome();
        try
        {
            while (!bytes.IsEmpty)
            {
                var free = _commands.Free();
                var part = bytes[..Math.Min(free.Length, bytes.Length)];
                part.CopyTo(free);
                _commands.Received(part.Length);
                bytes = bytes[part.Length..];
                while (_commands.TryTake(out var command))
                {
                    await RouteAsync(command, stop);
                }
            }

            foreach (var link in _links.Open)
            {
                await link.Connection.FlushAsync(stop);
            }
        }
        catch (IOException)
        {
            _topology.Suspect();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop) => _replies.ReceiveAsync(buffer, stop);

    /// <inheritdoc/>
    public void Reset()
    {
        _links.Reset();
        _replies.Reset();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _links.DisposeAsync();
        await _replies.DisposeAsync();
        _commands.Dispose();
    }

    /// <summary>What has no key is asked of the home node. Once that has become a replica, its answers are another's, and older.</summary>
    private void RequireHome()
    {
        var map = _topology.Current;
        if (map != _checked && !map.Primaries.Any(node => _topology.EndpointOf(node) == _home.Node))
        {
            throw new IOException($"{_home.Node} is no primary any more");
        }

        _checked = map;
    }

    private async ValueTask RouteAsync(ReadOnlyMemory<byte> command, CancellationToken stop)
    {
        var (shape, slot, asking) = Look(command.Span);
        switch (shape.Kind)
        {
            case CommandKind.Multi:
                _transactionWaits = true;
                return;
            case CommandKind.Exec:
                Send(await TransactionAsync(_home, stop), command.Span, shape);
                _transaction = null;
                return;
            case CommandKind.State:
                KeepState(command);
                Send(_home, command.Span, shape);
                return;
            case CommandKind.Keyed:
                break;
            default:
                Send(_transaction ?? _home, command.Span, shape);
                return;
        }

        var node = asking ?? (_topology.Current.OwnerOf(slot) is { } owner ? _topology.EndpointOf(owner) : null);
        if (node is null)
        {
            _topology.Suspect();
            _replies.Expect(new ExpectedReply(null, ReplyUse.NotServed));
            return;
        }

        var link = _transaction ?? _links.Find(node) ?? await OpenAsync(node, stop);
        link = await TransactionAsync(link, stop);
        if (asking is not null)
        {
            link.Connection.Output.Raw("*1\r\n$6\r\nASKING\r\n"u8);
            _replies.Expect(new ExpectedReply(link, ReplyUse.MustBeGood));
        }

        Send(link, command.Span, shape);
    }

    /// <summary>Where a command goes: what it is, its key's slot, and the node that has to be asked with ASKING.</summary>
    private (CommandShape Shape, int Slot, Endpoint? Asking) Look(ReadOnlySpan<byte> command)
    {
        var shape = CommandKeys.Of(command, out var key);
        if (shape.Kind == CommandKind.Select)
        {
            _database = System.Buffers.Text.Utf8Parser.TryParse(key, out int database, out _) ? database : 0;
        }

        return shape.Kind == CommandKind.Keyed ? (shape, KeySlot.Of(key), shape.Reads ? null : _replies.TakeAsking(key)) : (shape, 0, null);
    }

    private async ValueTask<NodeLink> OpenAsync(Endpoint node, CancellationToken stop)
    {
        var link = await _links.GetAsync(node, stop);
        foreach (var state in _states)
        {
            link.Connection.Output.Raw(state);
            _replies.Expect(new ExpectedReply(link, ReplyUse.Ignored));
        }

        return link;
    }

    /// <summary>Begins a transaction that was asked for where its first command goes.</summary>
    private ValueTask<NodeLink> TransactionAsync(NodeLink link, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (_transactionWaits)
        {
            _transactionWaits = false;
            _transaction = link;
            SelectOn(link);
            Send(link, MultiCommand, CommandShape.Usual);
        }

        return new ValueTask<NodeLink>(_transaction ?? link);
    }

    private void KeepState(ReadOnlyMemory<byte> command)
    {
        if (!_states.Exists(known => known.AsSpan().SequenceEqual(command.Span)))
        {
            _states.Add(command.ToArray());
        }

        foreach (var link in _links.Open.Where(link => link != _home))
        {
            link.Connection.Output.Raw(command.Span);
            _replies.Expect(new ExpectedReply(link, ReplyUse.Ignored));
        }
    }

    private void Send(NodeLink link, ReadOnlySpan<byte> command, CommandShape shape)
    {
        if (shape.Kind == CommandKind.Select)
        {
            link.Database = _database;
        }
        else if (_transaction is null)
        {
            SelectOn(link);
        }

        link.Connection.Output.Raw(command);
        var kept = shape.Kind != CommandKind.Keyed || _transaction is not null ? default : Keep(command, shape);
        _replies.Expect(
            new ExpectedReply(link, ReplyUse.Passed)
            {
                Kept = kept,
                Reads = shape.Reads,
                Database = _database,
            }
        );
    }

    private void SelectOn(NodeLink link)
    {
        if (link.Database != _database)
        {
            link.Connection.Write("SELECT", _database);
            link.Database = _database;
            _replies.Expect(new ExpectedReply(link, ReplyUse.MustBeGood));
        }
    }

    /// <summary>What a redirection of this command needs: the whole of it where it may be asked again, else its key.</summary>
    private static ArraySegment<byte> Keep(ReadOnlySpan<byte> command, CommandShape shape)
    {
        var kept = command;
        if (!shape.Reads)
        {
            _ = CommandKeys.Of(command, out kept);
        }

        var rented = ArrayPool<byte>.Shared.Rent(kept.Length);
        kept.CopyTo(rented);
        return new ArraySegment<byte>(rented, 0, kept.Length);
    }
}
