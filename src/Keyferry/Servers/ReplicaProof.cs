using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Proves of a replica, again before everything that is asked of it, that it has executed all that its primary had executed by then. Chooses the replica, and the primary where
/// none is proved.</summary>
/// <remarks>
/// <para><b>Promises.</b> Once <see cref="ProveAsync"/> has returned, what the replica answers is not older than the call: the primary was asked for its offset after that, and the
/// replica has come to that offset in the same history. So whoever has heard of a change before the call reads that change, or a later one.</para>
/// <para><b>Does not promise.</b> What a primary does not tell its replicas, and what a replica judges by its own clock: that a key is gone. Who reads takes neither from it.</para>
/// <para><b>Concurrency.</b> Anybody; one asks at a time.</para>
/// </remarks>
/// <param name="primary">Whose replicas are meant.</param>
/// <param name="open">Opens a plain connection to a node.</param>
/// <param name="announce">Tells a replica that it is to be read.</param>
/// <param name="replicas">Where its replicas are; told what the primary says of them.</param>
/// <param name="say">Told whenever another node is read from now on, or the first time.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class ReplicaProof(
    Endpoint primary,
    Func<Endpoint, CancellationToken, ValueTask<RespConnection>> open,
    Func<RespConnection, CancellationToken, ValueTask> announce,
    Func<Endpoint, ReplicationState, IEnumerable<Endpoint>> replicas,
    Action<string> say,
    TimeProvider time
)
{
    /// <summary>How long a replica may take to come to the primary's offset, or to answer: everything that is to be read waits for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan FirstBar = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBar = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> _asking = Channel.CreateBounded<bool>(1);
    private (RespConnection Primary, RespConnection Replica)? _links;
    private ReplicaChoice? _choice;
    private TimeSpan _bar;
    private long _barredAt;

    /// <summary>Why no replica was found to be read when one was looked for last.</summary>
    public string WhyNone { get; private set; } = "";

    /// <summary>The replica that is to be read now; <see langword="null"/> for the primary itself.</summary>
    public async ValueTask<ReplicaChoice?> ChooseAsync(CancellationToken stop)
    {
        await _asking.Writer.WriteAsync(true, stop);
        try
        {
            if (_choice is null && (_bar == TimeSpan.Zero || time.GetElapsedTime(_barredAt) >= _bar))
            {
                await FindAsync(stop);
            }

            return _choice;
        }
        finally
        {
            _ = _asking.Reader.TryRead(out _);
        }
    }

    /// <summary>Returns when the replica has all that the primary had when this was called.</summary>
    /// <exception cref="IOException">It has not, and the primary is read from now on.</exception>
    public async ValueTask ProveAsync(ReplicaChoice choice, CancellationToken stop)
    {
        await _asking.Writer.WriteAsync(true, stop);
        try
        {
            if (choice != _choice)
            {
                throw new IOException($"the replica {choice.Replica} is not read any more");
            }

            await TryAsync(choice.Replica, choice.RunId, stop);
            _bar = TimeSpan.Zero;
        }
        catch (Exception away) when (IsAway(away) && choice == _choice)
        {
            Leave(away);
            throw new IOException(WordsOf(away), away);
        }
        finally
        {
            _ = _asking.Reader.TryRead(out _);
        }
    }

    /// <summary>A replica that was chosen cannot be read: the primary is, from now on.</summary>
    public async ValueTask GiveUpAsync(ReplicaChoice choice, Exception away, CancellationToken stop)
    {
        await _asking.Writer.WriteAsync(true, stop);
        if (choice == _choice)
        {
            Leave(away);
        }

        _ = _asking.Reader.TryRead(out _);
    }

    /// <summary>For who reads the primary in place of a replica: returns for as long as that has to be.</summary>
    /// <exception cref="IOException">A replica can be read again.</exception>
    public async ValueTask RequireNoneAsync(CancellationToken stop)
    {
        if (await ChooseAsync(stop) is { } back)
        {
            throw new IOException($"the replica {back.Replica} is read again in place of {primary}");
        }
    }

    /// <summary>Whether somebody being away, or refusing, is a reason to read the primary.</summary>
    public static bool IsAway(Exception failed) =>
        failed is IOException or TimeoutException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable };

    /// <summary>The run id of the process at the other end.</summary>
    public static async ValueTask<string> ProcessOfAsync(RespConnection connection, CancellationToken stop) =>
        ServerIdentity.Parse((await connection.CallAsync(stop, "INFO")).Text).RunId;

    private async ValueTask FindAsync(CancellationToken stop)
    {
        var why = "it has no replica";
        try
        {
            ReplicationState told;
            await using (var connection = await open(primary, stop))
            {
                told = await AskAsync(connection, stop);
            }

            foreach (var replica in replicas(primary, told))
            {
                try
                {
                    var process = await TryAsync(replica, runId: null, stop);
                    _choice = new ReplicaChoice(replica, process);
                    say($"{primary} is read at its replica {replica} from now on.");
                    return;
                }
                catch (Exception away) when (IsAway(away))
                {
                    why = away is ServerErrorException ? $"on its replica {replica} {WordsOf(away)}" : WordsOf(away);
                }
            }
        }
        catch (Exception away) when (IsAway(away))
        {
            why = WordsOf(away);
        }

        Bar();
        WhyNone = why;
        say($"{primary} is read itself from now on: {why}.");
    }

    private void Leave(Exception away)
    {
        _choice = null;
        Bar();
        say($"{primary} is read itself from now on: {WordsOf(away)}.");
    }

    private void Bar()
    {
        _barredAt = time.GetTimestamp();
        _bar =
            _bar == TimeSpan.Zero ? FirstBar
            : _bar * 2 > LongestBar ? LongestBar
            : _bar * 2;
    }

    /// <summary>Proves it of one replica. A server may have closed connections that were idle for long: that proves nothing.</summary>
    /// <returns>The replica's process.</returns>
    private async ValueTask<string> TryAsync(Endpoint replica, string? runId, CancellationToken stop)
    {
        var wereIdle = _links is not null;
        try
        {
            return await TryOnceAsync(replica, runId, stop);
        }
        catch (IOException) when (wereIdle)
        {
            return await TryOnceAsync(replica, runId, stop);
        }
    }

    /// <summary>Within the patience. Where it fails in any way, nothing is left of the connections: an answer that comes late would be taken for the next.</summary>
    private async ValueTask<string> TryOnceAsync(Endpoint replica, string? runId, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        var lacks = -1L;
        try
        {
            if (_links is null)
            {
                runId = await ConnectAsync(replica, runId, either.Token);
            }

            var (here, there) = _links ?? throw new InvalidOperationException("both are connected");
            var wanted = await AskAsync(here, either.Token);
            for (var pause = FirstPause; ; pause = pause * 2 > LongestPause ? LongestPause : pause * 2)
            {
                var has = await AskAsync(there, either.Token);
                if (has.WhyNoReplicaOf(wanted) is { } why)
                {
                    throw new IOException($"of its replica {replica}: {why}");
                }

                if (has.Offset >= wanted.Offset)
                {
                    return runId ?? "";
                }

                lacks = wanted.Offset - has.Offset;
                await Task.Delay(pause, time, either.Token);
            }
        }
        catch (OperationCanceledException late) when (!stop.IsCancellationRequested)
        {
            await DisconnectAsync();
            throw new TimeoutException(
                lacks >= 0
                    ? $"its replica {replica} lacks {lacks:#,0} bytes of what it had {Patience.TotalSeconds:0.#} s ago"
                    : $"it and its replica {replica} have not answered within {Patience.TotalSeconds:0.#} s",
                late
            );
        }
        catch
        {
            await DisconnectAsync();
            throw;
        }
    }

    private async ValueTask<string> ConnectAsync(Endpoint replica, string? runId, CancellationToken stop)
    {
        var here = await open(primary, stop);
        try
        {
            var there = await open(replica, stop);
            _links = (here, there);
            await announce(there, stop);
            var process = await ProcessOfAsync(there, stop);
            return runId is null || runId == process ? process : throw new IOException($"its replica {replica} was restarted");
        }
        catch
        {
            if (_links is null)
            {
                await here.DisposeAsync();
            }

            throw;
        }
    }

    private async ValueTask DisconnectAsync()
    {
        if (_links is var (here, there))
        {
            _links = null;
            await here.DisposeAsync();
            await there.DisposeAsync();
        }
    }

    private static async ValueTask<ReplicationState> AskAsync(RespConnection connection, CancellationToken stop) =>
        ReplicationState.Parse((await connection.CallAsync(stop, "INFO", "replication")).Text);

    private static string WordsOf(Exception away) =>
        (
            away switch
            {
                KeyferryException known => $"{known.Saw} {known.Remedy}",
                ServerErrorException { Code: "NOPERM" } refused =>
                    $"the user may not run {refused.Command} ({refused.Reply}); give it {refused.Right}",
                _ => away.Message,
            }
        ).TrimEnd('.');
}
