using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Lanes;

/// <summary>A lane's life on one pair of connections, from their opening to the first trouble on either.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Queue, source, target: keys are taken, read and written in one order, which the two connections keep. That is why the same key
/// may be in several batches at once and the latest value still wins.</para>
/// <para><b>Promises.</b> When the session ends, every key that it took and that the target has not acknowledged waits again in the queue.</para>
/// <para><b>Concurrency.</b> Two tasks: one reads from the source and writes to the target, one reads the target's answers.</para>
/// </remarks>
internal sealed class LaneSession : IAsyncDisposable
{
    /// <summary>Batches whose questions the source has before the first is answered: while we work on one, it works on the next. Two questions are asked for each, one after the other.</summary>
    private const int AskedAhead = 4;

    /// <summary>Batches that the target has before the oldest is acknowledged.</summary>
    private const int WrittenAhead = 4;

    /// <summary>Before keys that were sent elsewhere are looked at again: slots move one key after the other.</summary>
    private static readonly TimeSpan RedirectionPause = TimeSpan.FromMilliseconds(5);

    private readonly RespConnection _source;
    private readonly RespConnection? _primary;
    private readonly RespConnection _target;
    private readonly LaneContext _context;
    private readonly SourceReader _reader;
    private readonly LongWay _longWay;
    private readonly TargetWriter _writer;
    private readonly TimeProvider _time;
    private readonly Channel<KeyBatch> _written = Channel.CreateBounded<KeyBatch>(
        new BoundedChannelOptions(WrittenAhead) { SingleReader = true, SingleWriter = true }
    );
    private readonly Lock _batchLock = new();
    private readonly HashSet<KeyBatch> _open = [];
    private readonly Stack<KeyBatch> _spare = new();
    private readonly BatchSizes _sizes;

    /// <param name="source">To where values are read.</param>
    /// <param name="primary">To the source's primaries, where values may be read at replicas; else <see langword="null"/>.</param>
    /// <param name="target">To where they are written.</param>
    /// <param name="context">What the lane's sessions share.</param>
    /// <param name="links">Opens connections for large values.</param>
    /// <param name="time">The clock of the run.</param>
    public LaneSession(
        RespConnection source,
        RespConnection? primary,
        RespConnection target,
        LaneContext context,
        PieceLinks links,
        TimeProvider time
    )
    {
        (_longWay, _sizes) = (new LongWay(context, links), new BatchSizes(context.Pace));
        (_source, _primary, _target) = (source, primary, target);
        (_context, _time) = (context, time);
        _reader = new SourceReader(source, primary, context.Transfer);
        _writer = new TargetWriter(target, context.Transfer.Scope, context.Transfer.WritesByMSet);
    }

    /// <summary>When the session last had everything moved or got a key acknowledged, as a timestamp of the run's clock; <see langword="null"/> before that.</summary>
    public long? WellAt { get; private set; }

    /// <summary>Moves keys until <paramref name="stop"/> or the first trouble.</summary>
    /// <exception cref="LaneHeldException">A connection was lost, or a server is in a state that may pass.</exception>
    /// <exception cref="KeyferryException">A server refuses for a reason that will last.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var reading = ReadAndWriteAsync(either.Token);
        var acknowledging = AcknowledgeAsync(either.Token);
        var beside = _longWay.RunAsync(either.Token);
        var first = await Task.WhenAny(reading, acknowledging, beside);
        try
        {
            await first;
        }
        finally
        {
            // Both ways must be at rest before the batches are given back. The reset also keeps what is still unread by the target from being executed much later.
            either.Cancel();
            _source.Reset();
            _primary?.Reset();
            _target.Reset();
            _longWay.Reset();
            await Quietly(reading);
            await Quietly(acknowledging);
            await Quietly(beside);
            GiveBack();
            _longWay.GiveBack();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        _writer.Dispose();
        await _longWay.DisposeAsync();
        await _source.DisposeAsync();
        await (_primary?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _target.DisposeAsync();
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception second) when (second is IOException or OperationCanceledException or LaneHeldException or KeyferryException)
        {
            // The first trouble is the one that is told; this one follows from it.
        }
    }

    private async Task ReadAndWriteAsync(CancellationToken stop)
    {
        var asked = new Queue<(KeyBatch Batch, bool Kinds)>();
        while (true)
        {
            await _longWay.WaitForRoomAsync(stop);
            while (asked.Count < AskedAhead && !_context.Gate.IsClosed && TryTake() is { } batch)
            {
                asked.Enqueue((batch, Ask(batch)));
            }

            if (asked.Count == 0)
            {
                await _context.Queue.WaitForWorkAsync(stop);
                await SlowDownAsync(stop);
                await _context.Gate.PassAsync(stop);
                NoteWell();
                continue;
            }

            await LaneTrouble.GuardAsync(_source, "source", () => _source.FlushAsync(stop));
            if (_primary is { } primary)
            {
                await LaneTrouble.GuardAsync(primary, "source", () => primary.FlushAsync(stop));
            }

            var (next, kinds) = asked.Dequeue();
            if (kinds)
            {
                await LaneTrouble.GuardAsync(_source, "source", () => _reader.ReadKindsAsync(next, _longWay, stop));
                _reader.Request(next);
                asked.Enqueue((next, false));
                continue;
            }

            await MoveAsync(next, stop);
            if (TakeUndecided(next) is { } rest)
            {
                asked.Enqueue((rest, Ask(rest)));
            }

            await _written.Writer.WriteAsync(next, stop);
        }
    }

    /// <summary>Writes the first questions about a batch.</summary>
    /// <returns>Whether they are about what the keys are; else about their values.</returns>
    private bool Ask(KeyBatch batch)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            _ = _longWay.TryJoin(batch, i);
        }

        if (_reader.AsksFirst)
        {
            _reader.RequestKinds(batch);
            return true;
        }

        _reader.Request(batch);
        return false;
    }

    /// <summary>Where the pace is why nothing was taken, the lane waits for a moment instead of asking again at once.</summary>
    private async ValueTask SlowDownAsync(CancellationToken stop)
    {
        if (!_context.Pace.IsFree && _sizes.IsHeldUp)
        {
            await _context.Pace.PauseAsync(stop);
        }
    }

    private async Task MoveAsync(KeyBatch batch, CancellationToken stop)
    {
        await ProveDatabasesAsync(batch, stop);
        await LaneTrouble.GuardAsync(_source, "source", () => _reader.MoveAsync(batch, _writer, _longWay, stop));
        await LaneTrouble.GuardAsync(_target, "target", () => _writer.FlushAsync(stop));
        _sizes.Moved(batch);
    }

    /// <summary>Takes the keys of a batch of which nothing could be decided, since they turned out to be no strings.</summary>
    /// <returns>A batch of them, whose values are yet to be asked for by DUMP; <see langword="null"/> where there are none.</returns>
    /// <remarks>
    /// It goes the whole way behind all that has been asked by now: what the key is, then its value. Where a batch in between has the same key, because that changed meanwhile, that
    /// one was asked both before this one is, and is written before; where a later one has it, it is asked and written after. So what was read last is still written last, and a key
    /// that has left the run by then is not brought back by what it was before.
    /// </remarks>
    private KeyBatch? TakeUndecided(KeyBatch batch)
    {
        lock (_batchLock)
        {
            var rest = _spare.Count > 0 ? _spare.Pop() : new KeyBatch();
            if (!batch.LeaveTo(rest))
            {
                _spare.Push(rest);
                return null;
            }

            _context.Queue.SetAside(rest);
            _ = _open.Add(rest);
            return rest;
        }
    }

    private async ValueTask ProveDatabasesAsync(KeyBatch batch, CancellationToken stop)
    {
        for (var i = 0; i < batch.Count; i++)
        {
            if (!_context.Databases.IsProved(batch.Items[i].Database))
            {
                await ProveAsync(batch.Items[i].Database, stop);
            }
        }
    }

    /// <summary>Apart from the loop over the keys: what a lambda in it captures would be allocated for each key, whether it is used or not.</summary>
    private ValueTask ProveAsync(int database, CancellationToken stop) =>
        LaneTrouble.GuardAsync(_target, "target", () => _context.Databases.ProveAsync(database, stop));

    private KeyBatch? TryTake()
    {
        lock (_batchLock)
        {
            var batch = _spare.Count > 0 ? _spare.Pop() : new KeyBatch();
            var (changed, offered) = _sizes.Next();
            if (changed == 0 || !_context.Queue.TryTake(batch, changed, offered))
            {
                _spare.Push(batch);
                return null;
            }

            _context.Pace.Took(batch.Count);
            _ = _open.Add(batch);
            return batch;
        }
    }

    private async Task AcknowledgeAsync(CancellationToken stop)
    {
        while (true)
        {
            var (batch, settled) = (await _written.Reader.ReadAsync(stop), false);
            try
            {
                settled = await AcknowledgeAsync(batch, stop);
                _longWay.Acknowledged(batch);
            }
            catch (ServerErrorException refused)
            {
                throw LaneTrouble.Lasting(refused, "target", _target.Endpoint);
            }
            catch (IOException lost)
            {
                throw new LaneHeldException($"the target cannot be reached: {lost.Message}", lost);
            }

            _context.Count(batch);
            _context.Queue.Done(batch);
            lock (_batchLock)
            {
                _ = _open.Remove(batch);
                _spare.Push(batch);
                WellAt = settled ? _time.GetTimestamp() : WellAt;
            }
        }
    }

    /// <summary>The wait for work is over: until now nothing was wanted of the servers, so that no outage can have begun before.</summary>
    private void NoteWell()
    {
        lock (_batchLock)
        {
            WellAt = _open.Count == 0 ? _time.GetTimestamp() : WellAt;
        }
    }

    /// <returns>Whether any of the keys need not be looked at again: where that is so of none, nothing has gone well.</returns>
    private async Task<bool> AcknowledgeAsync(KeyBatch batch, CancellationToken stop)
    {
        var (again, settled) = (false, false);
        for (var i = 0; i < batch.Count; i++)
        {
            var refusal = await _writer.AcknowledgeAsync(batch, i, stop);
            if (batch.Items[i].Write == KeyWrite.Aside)
            {
                // Its own batch answers for it from here on.
                batch.Items[i].Settled = settled = true;
                continue;
            }

            if (refusal is null)
            {
                _context.Note(batch, i);
                if (batch.Items[i].IsVague)
                {
                    continue;
                }
            }
            else if (LaneTrouble.IsOfThePayload(refusal))
            {
                _longWay.Take(batch, i);
            }
            else if (LaneTrouble.IsOfTheKey(refusal))
            {
                _context.Failed.Add(batch.Items[i].Database, batch.Key(i), refusal);
                batch.Items[i].Write = KeyWrite.Nothing;
            }
            else if (NeedsAnotherLook(refusal))
            {
                again = true;
                batch.Items[i].Write = KeyWrite.Nothing;
                continue;
            }
            else if (LaneTrouble.Passes(refusal))
            {
                throw new LaneHeldException(LaneTrouble.Describe(refusal, "target"));
            }
            else
            {
                throw new ServerErrorException(refusal, batch.Items[i].Write == KeyWrite.Unlink ? "UNLINK" : "RESTORE");
            }

            batch.Items[i].Settled = settled = true;
        }

        if (again)
        {
            await Task.Delay(RedirectionPause, _time, stop);
        }

        return settled;
    }

    /// <summary>Whether a key is to be written anew: its value may have changed meanwhile, so not by the same write.</summary>
    private bool NeedsAnotherLook(string refusal)
    {
        // The slot has moved, or is on its way.
        var moved = Redirection.Is(refusal);
        // Which of the keys of an MSET it is about is not told: each has an answer of its own from here on.
        var untold = !moved && _writer.WasTogether && !LaneTrouble.Passes(refusal);
        if (untold)
        {
            _writer.SetNoneTogether();
        }

        return moved || untold;
    }

    private void GiveBack()
    {
        lock (_batchLock)
        {
            foreach (var batch in _open)
            {
                _context.Queue.Done(batch);
            }

            _open.Clear();
        }
    }
}
