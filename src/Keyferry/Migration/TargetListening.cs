using Keyferry.Capture;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Listens to the target while both sides are compared beside the run: what others write there after it was compared must be compared again.</summary>
/// <remarks>
/// <para>Nothing is configured there: client tracking, or else notifications where they are switched on already. Where neither is to be had, it says so.</para>
/// <para><b>Promises.</b> From <see cref="ListensAsync"/> on, every write on the target is handed over by <see cref="TakeAsync"/>, or that says that some may have been missed,
/// or <see cref="Unheard"/> says why nothing is heard.</para>
/// </remarks>
/// <param name="target">Connections to the target.</param>
/// <param name="scope">Which keys are the run's, and what they are called on the source.</param>
/// <param name="outageBudget">How long the target may stay away.</param>
/// <param name="journal">Is told what is listened to.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class TargetListening(
    ServerConnector target,
    DatabaseScope scope,
    TimeSpan outageBudget,
    RunJournal journal,
    TimeProvider time
) : IChangeSink
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ChangedKeys _told = new();
    private readonly ShardedCapture _captures = ShardedCapture.Empty();
    private readonly Lock _lock = new();
    private readonly Dictionary<string, TargetWatch> _watches = [];
    private readonly Pulse _changed = new();
    private string? _unheard;
    private bool _listens;
    private bool _missed;
    private long _putRight;

    /// <summary>Why what others write on the target is not noticed, in a sentence, or <see langword="null"/>.</summary>
    public string? Unheard => Volatile.Read(ref _unheard);

    /// <summary>Listens until <paramref name="stop"/>.</summary>
    /// <exception cref="KeyferryException">The target stayed away for longer than the run allows.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var parts = Task.CompletedTask;
        try
        {
            await ArmAsync(stop);
            journal.Note(NoteLevel.Information, $"What others write on {target.Endpoint} is noticed by {_captures.Description}.");
            // Whoever compares begins only now.
            Volatile.Write(ref _missed, false);
            Volatile.Write(ref _listens, true);
            _changed.Set();
            var following = FollowAsync(ending.Token);
            var listening = _captures.RunAsync(ending.Token);
            parts = Task.WhenAll(following, listening);
            await await Task.WhenAny(following, listening);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
        catch (KeyferryException refused) when (refused.Kind == FailureKind.Refused)
        {
            Deaf(refused);
        }
        finally
        {
            ending.Cancel();
            // Where one of them failed, that has been told already.
            _ = await Task.WhenAny(parts);
            await _captures.DisposeAsync();
            foreach (var watch in Watches())
            {
                await watch.DisposeAsync();
            }
        }
    }

    /// <summary>Returns when the target is listened to, or it is known that it cannot be.</summary>
    public async ValueTask ListensAsync(CancellationToken stop)
    {
        while (true)
        {
            var changed = _changed.Next();
            if (Volatile.Read(ref _listens) || Unheard is not null)
            {
                return;
            }

            await changed.WaitAsync(stop);
        }
    }

    /// <summary>The keys that the target has told of since this was asked last, up to now, as they are called on the source.</summary>
    /// <param name="thorough">Whether the target is also looked at for what it does not tell of.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns><see langword="null"/> where some may have been missed.</returns>
    public async ValueTask<IReadOnlyCollection<KeyId>?> TakeAsync(bool thorough, CancellationToken stop)
    {
        if (Volatile.Read(ref _listens))
        {
            foreach (var watch in thorough ? Watches() : [])
            {
                await watch.LookNowAsync(stop);
            }

            if (Unheard is null)
            {
                await CatchUpAsync(stop);
            }
        }

        return Interlocked.Exchange(ref _missed, false) ? null : _told.Take();
    }

    /// <summary>Tells at once of somebody who writes where he should not; how much it was is told at the end.</summary>
    public void TellFirstPutRight(long keys, Endpoint source)
    {
        if (_putRight == 0)
        {
            TellPutRight(keys, source);
        }
    }

    /// <summary>Tells of keys that somebody else wrote on the target, where there are more than were told of.</summary>
    public void TellPutRight(long keys, Endpoint source)
    {
        if (keys > _putRight)
        {
            _putRight = keys;
            journal.Note(
                NoteLevel.Warning,
                $"{keys:#,0} {(keys == 1 ? "key" : "keys")} that somebody else wrote on {target.Endpoint} {(keys == 1 ? "was" : "were")} put right from {source}."
            );
        }
    }

    /// <inheritdoc/>
    public void Changed(int database, ReadOnlySpan<byte> key)
    {
        foreach (var from in scope.SourcesOf(database))
        {
            var names = scope.NamesOf(from);
            if (names.AreAll)
            {
                _told.Add(from, key);
            }
            else if (names.OnSource(key) is { } name)
            {
                _told.Add(from, name);
            }
        }
    }

    /// <inheritdoc/>
    public void Expired(int database, ReadOnlySpan<byte> key) => Changed(database, key);

    /// <inheritdoc/>
    public void AllChanged(string reason) => Volatile.Write(ref _missed, true);

    /// <inheritdoc/>
    public void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false) =>
        Volatile.Write(ref _missed, true);

    /// <summary>Who catches up with a capture that is ended meanwhile would wait for ever.</summary>
    private async ValueTask CatchUpAsync(CancellationToken stop)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var caught = _captures.CatchUpAsync(either.Token).AsTask();
        while (!caught.IsCompleted)
        {
            var changed = _changed.Next();
            if (Unheard is not null)
            {
                either.Cancel();
                _ = await Task.WhenAny(caught);
                return;
            }

            _ = await Task.WhenAny(caught, changed);
        }

        await caught;
    }

    private async ValueTask ArmAsync(CancellationToken stop)
    {
        var outage = new Outage(time, outageBudget);
        while (true)
        {
            try
            {
                await FollowNodesAsync(stop);
                return;
            }
            catch (Exception away) when (Outage.IsPassing(away))
            {
                await outage.PauseAsync(away, stop);
            }
        }
    }

    /// <summary>Primaries of a cluster come and go. (That slots have moved is a gap of the run in any case, which voids what was compared.)</summary>
    private async Task FollowAsync(CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(Interval, time, stop);
            try
            {
                await FollowNodesAsync(stop);
            }
            catch (Exception away) when (Outage.IsPassing(away))
            {
                // It is tried again; what is written there meanwhile is not told.
                MayHaveMissed(away.Message);
            }
        }
    }

    private async ValueTask FollowNodesAsync(CancellationToken stop)
    {
        var wanted = target.Nodes.ToDictionary(static node => node.Endpoint.ToString());
        foreach (var gone in _captures.Nodes.Where(node => !wanted.ContainsKey(node)).ToList())
        {
            await _captures.RemoveAsync(gone);
            MayHaveMissed(gone);
            TargetWatch? watch;
            lock (_lock)
            {
                _ = _watches.Remove(gone, out watch);
            }

            await (watch?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        foreach (var (name, node) in wanted.Where(entry => !_captures.Nodes.Contains(entry.Key)).ToList())
        {
            var (capture, watch) = await ArmAtAsync(node, stop);
            lock (_lock)
            {
                _watches[name] = watch;
            }

            _captures.Add(name, capture, watch.RunAsync);
            MayHaveMissed(name);
        }
    }

    private async ValueTask<(ICapture Capture, TargetWatch Watch)> ArmAtAsync(ServerConnector node, CancellationToken stop)
    {
        var tracking = new TrackingDialect(node);
        foreach (var database in scope.Databases?.Select(scope.TargetOf).Distinct() ?? [0])
        {
            _ = tracking.UseDatabase(database);
        }

        try
        {
            return (
                await ArmAsync(node, tracking, stop),
                await BeginAsync(new TargetWatch(node, scope.Databases is null ? tracking : null, null, this, time), stop)
            );
        }
        catch (KeyferryException refused) when (refused.Kind == FailureKind.Refused)
        {
            if (await ToldByAsync(node, stop) is not { } family)
            {
                throw;
            }

            return (
                await ArmAsync(node, new NotificationDialect(node, hearing: null, family), stop),
                await BeginAsync(new TargetWatch(node, null, family, this, time), stop)
            );
        }
    }

    private static async ValueTask<TargetWatch> BeginAsync(TargetWatch watch, CancellationToken stop)
    {
        await watch.LookNowAsync(stop);
        return watch;
    }

    private async ValueTask<ICapture> ArmAsync(ServerConnector node, ICaptureDialect dialect, CancellationToken stop)
    {
        var capture = new ListeningCapture(node, dialect, this, outageBudget, time);
        try
        {
            await capture.ArmAsync(stop);
            return capture;
        }
        catch
        {
            await capture.DisposeAsync();
            throw;
        }
    }

    /// <summary>The channels on which the target tells of every write as it is configured, or <see langword="null"/>.</summary>
    private static async ValueTask<ChannelFamily?> ToldByAsync(ServerConnector node, CancellationToken stop)
    {
        await using var connection = await node.ConnectAsync("watch", stop);
        if (await FlagReading.AskAsync(connection, stop) is not FlagReading.Known { Flags: var flags })
        {
            return null;
        }

        foreach (var family in (ChannelFamily[])[ChannelFamily.Key, ChannelFamily.Event])
        {
            if (flags.Covers(NotificationFlags.Needed(family)))
            {
                return family;
            }
        }

        return null;
    }

    private TargetWatch[] Watches()
    {
        lock (_lock)
        {
            return [.. _watches.Values];
        }
    }

    private void Deaf(KeyferryException refused)
    {
        var text =
            $"What others write on {target.Endpoint} after it was compared is not noticed: {refused.Saw} Keep others from writing there until the clients are handed over.";
        journal.Note(NoteLevel.Warning, text);
        // What was heard until now is not all.
        Volatile.Write(ref _missed, Volatile.Read(ref _listens));
        Volatile.Write(ref _unheard, text);
        _changed.Set();
    }
}
