using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Lanes;

/// <summary>The keys of a lane that are moved in pieces, beside it: large values, and those whose payload the target does not read.</summary>
/// <remarks>
/// <para><b>Promises.</b> While a key is here, the lane itself neither reads nor writes it. It begins here only after every write of the lane before has been acknowledged, and
/// goes back to the lane only after its own last write has been. So one key still has one order. A change meanwhile is kept, and looked at afterwards.</para>
/// <para><b>Concurrency.</b> The lane's two tasks hand over, one task of its own moves; under one short lock.</para>
/// </remarks>
internal sealed class LongWay(LaneContext context, PieceLinks links) : IAside, IAsyncDisposable
{
    /// <summary>More keys than so many do not wait here: the lane waits then.</summary>
    private const int MostKeys = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<KeyId, Entry> _keys = [];
    private readonly Channel<Entry> _ready = Channel.CreateUnbounded<Entry>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Pulse _room = new();
    private int _count;
    private (RespConnection Source, RespConnection Target, PieceCopy Copy)? _link;

    /// <summary>Whether no key is here.</summary>
    public bool IsEmpty => Volatile.Read(ref _count) == 0;

    /// <inheritdoc/>
    public void Take(KeyBatch batch, int index)
    {
        if (TryJoin(batch, index))
        {
            return;
        }

        var own = SetAside(batch, index);
        batch.Items[index].Write = KeyWrite.Aside;
        lock (_lock)
        {
            _keys.Add(IdOf(own), new Entry(own, batch));
            Volatile.Write(ref _count, _keys.Count);
        }
    }

    /// <inheritdoc/>
    /// <remarks>It is looked at again afterwards.</remarks>
    public bool TryJoin(KeyBatch batch, int index)
    {
        if (IsEmpty)
        {
            return false;
        }

        lock (_lock)
        {
            if (!_keys.TryGetValue(IdOf(batch, index), out var entry))
            {
                return false;
            }

            entry.Later ??= SetAside(batch, index);
        }

        batch.Items[index].Write = KeyWrite.Aside;
        return true;
    }

    /// <summary>A batch of the lane is acknowledged, and all before it: its keys that are here may begin.</summary>
    public void Acknowledged(KeyBatch batch)
    {
        if (IsEmpty)
        {
            return;
        }

        lock (_lock)
        {
            foreach (var entry in _keys.Values.Where(entry => entry.Origin == batch))
            {
                entry.Origin = null;
                _ = _ready.Writer.TryWrite(entry);
            }
        }
    }

    /// <summary>Returns when there is room for another key.</summary>
    public async ValueTask WaitForRoomAsync(CancellationToken stop)
    {
        while (Volatile.Read(ref _count) >= MostKeys)
        {
            var room = _room.Next();
            if (Volatile.Read(ref _count) >= MostKeys)
            {
                await room.WaitAsync(stop);
            }
        }
    }

    /// <summary>Moves the keys, one after the other, until <paramref name="stop"/> or the first trouble.</summary>
    /// <exception cref="LaneHeldException">A server was lost, or is in a state that may pass.</exception>
    /// <exception cref="KeyferryException">A server refuses for a reason that will last.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        while (true)
        {
            var entry = await _ready.Reader.ReadAsync(stop);
            await context.Gate.PassAsync(stop);
            try
            {
                _link ??= await links.OpenAsync(stop);
                await MoveAsync(_link.Value.Copy, entry.Own, stop);
            }
            catch (IOException lost)
            {
                throw new LaneHeldException($"a server cannot be reached: {lost.Message}", lost);
            }
            catch (PieceLostException lost)
            {
                throw new LaneHeldException(lost.Message, lost);
            }
            catch (ServerErrorException refused) when (_link is { } link)
            {
                var (role, connection) = link.Copy.TargetRefused ? ("target", link.Target) : ("source", link.Source);
                // A slot that has moved, or is on its way: on new connections the copy begins anew.
                throw LaneTrouble.Passes(refused.Reply) || Redirection.Is(refused.Reply)
                    ? new LaneHeldException(LaneTrouble.Describe(refused.Reply, role), refused)
                    : LaneTrouble.Lasting(refused, role, connection.Endpoint);
            }

            End(entry);
        }
    }

    /// <summary>Drops both connections abruptly.</summary>
    public void Reset()
    {
        _link?.Source.Reset();
        _link?.Target.Reset();
    }

    /// <summary>Gives back what is still here, to be looked at again.</summary>
    public void GiveBack()
    {
        lock (_lock)
        {
            foreach (var entry in _keys.Values)
            {
                context.Queue.Done(entry.Own);
                DoneLater(entry);
            }

            _keys.Clear();
            Volatile.Write(ref _count, 0);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_link is { } link)
        {
            await link.Source.DisposeAsync();
            await link.Target.DisposeAsync();
            link.Copy.Dispose();
        }
    }

    private KeyBatch SetAside(KeyBatch batch, int index)
    {
        var own = batch.Split(index);
        context.Queue.SetAside(own);
        return own;
    }

    private static KeyId IdOf(KeyBatch own) => IdOf(own, 0);

    private static KeyId IdOf(KeyBatch batch, int index) => new(batch.Items[index].Database, new KeyName(batch.Key(index).ToArray()));

    private async ValueTask MoveAsync(PieceCopy copy, KeyBatch own, CancellationToken stop)
    {
        var outcome = await copy.MoveAsync(own.Items[0].Database, own.Key(0).ToArray(), own.Items[0].Flags.HasFlag(KeyFlags.Live), stop);
        own.Items[0].Refusal = outcome.Refusal;
        own.Items[0].Settled = true;
        own.Items[0].Write = outcome.Result switch
        {
            PieceResult.Moved or PieceResult.Changed => KeyWrite.Put,
            PieceResult.LeftAlone => KeyWrite.Nothing,
            _ => KeyWrite.Unlink,
        };
        own.Items[0].Type = outcome.Type;
        own.Items[0].PayloadBytes = (int)Math.Min(int.MaxValue, outcome.Bytes);
        if (outcome.Result == PieceResult.Changed)
        {
            // A look of its own, so that this one is over: what waits for all that was known by now does not wait for as long as the value changes.
            own.Items[0].Settled =
                context.Queue.Mark(own.Items[0].Database, own.Key(0), own.Items[0].Hash, KeyFlags.Look) != MarkResult.Full;
        }
    }

    private void End(Entry entry)
    {
        context.Note(entry.Own, 0);
        context.Count(entry.Own);
        lock (_lock)
        {
            _ = _keys.Remove(IdOf(entry.Own));
            Volatile.Write(ref _count, _keys.Count);
        }

        context.Queue.Done(entry.Own);
        DoneLater(entry);
        _room.Set();
    }

    private void DoneLater(Entry entry)
    {
        if (entry.Later is { } later)
        {
            context.Queue.Done(later);
        }
    }

    /// <summary>One key here.</summary>
    /// <param name="own">Its own batch.</param>
    /// <param name="origin">The lane's batch that it was taken from, until that is acknowledged.</param>
    private sealed class Entry(KeyBatch own, KeyBatch origin)
    {
        public KeyBatch Own { get; } = own;

        public KeyBatch? Origin { get; set; } = origin;

        /// <summary>A mark that came while the key was here; it is looked at again because of that.</summary>
        public KeyBatch? Later { get; set; }
    }
}
