using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary><c>CLIENT PAUSE WRITE</c> on every primary: the server holds writes back, and clients wait for their answers.</summary>
/// <remarks>
/// <para>The pause has a time-out that the server keeps itself, so that clients go on by themselves where Keyferry is killed; it is prolonged for as long as the fence stands.</para>
/// <para><b>The alarm.</b> A command of our own that counts as a write without being one (PFCOUNT of a key that is not there) is sent to each primary and must not be answered.
/// It stays there: should the pause end for whatever reason (a failover, a restart, somebody's CLIENT UNPAUSE, the time-out), its answer tells at once.</para>
/// <para>Before 6.2 there is no pause of writes alone; one of everything would hold back our own reads, too, so that nothing could be moved or proved behind it.</para>
/// </remarks>
/// <param name="primaries">Connections to each primary of the source.</param>
/// <param name="store">Where leases are recorded.</param>
/// <param name="run">The run that takes them.</param>
/// <param name="timeout">After what time the server lifts the pause by itself.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class PauseFence(IReadOnlyList<ServerConnector> primaries, IRunStore store, long run, TimeSpan timeout, TimeProvider time)
    : IFence
{
    /// <summary>Between two looks at the alarm while the fence is tried: enough for a server to have read the command before.</summary>
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(4);

    private readonly List<Post> _posts = [];

    /// <summary>By primary; 0 where there is none. They outlive the posts: a fence that could not be lowered is lowered later.</summary>
    private readonly long[] _leases = new long[primaries.Count];
    private long _prolonged;

    /// <inheritdoc/>
    public bool HoldsExpiries => true;

    /// <inheritdoc/>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        await ForgetAsync();
        foreach (var primary in primaries)
        {
            var post = new Post(await primary.ConnectAsync("fence", stop), await primary.ConnectAsync("alarm", stop, subscription: true));
            _posts.Add(post);
            var identity = await ServerConnector.IdentifyAsync(post.Control, stop);
            if (identity.RedisVersion < new Version(6, 2))
            {
                throw new CutoverFailedException(
                    $"{identity} at {primary.Endpoint} cannot hold back writes alone: CLIENT PAUSE WRITE needs Redis 6.2, and a pause of everything would hold back Keyferry's own reads, too. Use {(identity.RedisVersion < new Version(6, 0) ? "--fence hook or manual" : "--fence acl, hook or manual")}."
                );
            }

            post.Tag = await TagAsync(post.Control, stop);

            // A pause of no number of milliseconds is none.
            if (await post.Control.TryCallAsync(stop, "CLIENT", "PAUSE", "keyferry-probe", "WRITE") is { IsDenied: true } denied)
            {
                throw new CutoverFailedException(
                    $"the user may not run CLIENT PAUSE on {primary.Endpoint}, which --fence pause needs (+client|pause): {denied.Text}"
                );
            }

            if (await MayNotUnpauseAsync(post.Control, stop) is { } stays)
            {
                throw new CutoverFailedException(
                    $"the user may not run CLIENT UNPAUSE on {primary.Endpoint}, which --fence pause needs (+client|unpause): {stays}"
                );
            }

            await TryAlarmAsync(post, stop);

            // Whoever waits with a write at the end of the pause must be disconnected, or the source would execute it then.
            foreach (
                var command in (RespArgument[][])
                    [
                        ["CLIENT", "LIST"],
                        ["CLIENT", "KILL", "ID", long.MaxValue],
                    ]
            )
            {
                var reply = await post.Control.TryCallAsync(stop, command);
                if (reply.IsDenied)
                {
                    throw new CutoverFailedException(
                        $"the user may not run CLIENT LIST and CLIENT KILL on {primary.Endpoint}, which --fence pause needs (+client|list +client|kill): clients whose writes are held back must be disconnected before the fence is lifted, or the source would execute them ({reply.Text})."
                    );
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask RaiseAsync(CancellationToken stop)
    {
        _prolonged = time.GetTimestamp();
        for (var i = 0; i < _posts.Count; i++)
        {
            var post = _posts[i];
            var lease = new FenceLease { Kind = FenceKind.Pause, Until = (time.GetUtcNow() + timeout).ToUnixTimeMilliseconds() };
            _leases[i] = store.RecordLease(lease.ToRecord(run, post.Control.Endpoint, $"CLIENT PAUSE {timeout.TotalMilliseconds:0} WRITE"));
            if (await PauseAsync(post, stop) is { } refused)
            {
                store.MarkLeaseUndone(_leases[i], $"the server refused: {refused}");
                _leases[i] = 0;
                throw new CutoverFailedException($"{post.Control.Endpoint} refused CLIENT PAUSE: {refused}");
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask TryAsync(CancellationToken stop)
    {
        foreach (var post in _posts)
        {
            await SetAlarmAsync(post, stop);
        }

        for (var looks = 0; looks < 3; looks++)
        {
            await Task.Delay(Glance, time, stop);
            foreach (var post in _posts)
            {
                // The server answers this one after it has read whatever was sent before.
                _ = await post.Control.CallAsync(stop, "PING");
                if (post.Alarm.IsCompleted)
                {
                    throw new CutoverFailedException($"{post.Control.Endpoint} did not hold a write back: {await AlarmTextAsync(post)}");
                }
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken stop)
    {
        foreach (var post in _posts)
        {
            if (post.Alarm.IsCompleted)
            {
                return $"{post.Control.Endpoint} does not hold writes back any more: {await AlarmTextAsync(post)}";
            }
        }

        if (time.GetElapsedTime(_prolonged) < timeout / 4)
        {
            return null;
        }

        _prolonged = time.GetTimestamp();
        foreach (var post in _posts)
        {
            if (await PauseAsync(post, stop) is { } refused)
            {
                return $"{post.Control.Endpoint} did not prolong the pause: {refused}";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask LowerAsync(CancellationToken stop)
    {
        List<string> trouble = [];
        foreach (var post in _posts)
        {
            // Before the pause ends, so that the alarm is not answered.
            post.AlarmConnection.Reset();
        }

        for (var i = 0; i < _leases.Length; i++)
        {
            if (_leases[i] == 0)
            {
                continue;
            }

            if (await UnpauseAsync(primaries[i], stop) is { } refused)
            {
                trouble.Add($"{primaries[i].Endpoint}: {refused}");
                continue;
            }

            _ = store.Close(_leases[i], "writes pass again");
            _leases[i] = 0;
        }

        await ForgetAsync();
        if (trouble.Count > 0)
        {
            throw new CutoverFailedException(
                $"writes are still held back, for {timeout.TotalSeconds:0.#} s at most: {string.Join("; ", trouble)}."
            );
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ForgetAsync();

    /// <summary>Ends the pause of a server.</summary>
    /// <returns>Why it did not, or <see langword="null"/>.</returns>
    public static async ValueTask<string?> UnpauseAsync(ServerConnector primary, CancellationToken stop)
    {
        try
        {
            await using var connection = await primary.ConnectAsync("fence", stop);
            var reply = await connection.TryCallAsync(stop, "CLIENT", "UNPAUSE");
            return reply.IsError ? reply.Text : null;
        }
        catch (Exception lost) when (lost is IOException or KeyferryException)
        {
            return lost.Message;
        }
    }

    private async ValueTask<string?> PauseAsync(Post post, CancellationToken stop)
    {
        var reply = await post.Control.TryCallAsync(stop, "CLIENT", "PAUSE", (long)timeout.TotalMilliseconds, "WRITE");
        return reply.IsError ? reply.Text : null;
    }

    /// <summary>Sends the first command that this user may run and that a pause holds back.</summary>
    private async ValueTask SetAlarmAsync(Post post, CancellationToken stop)
    {
        foreach (var command in AlarmsOf(post))
        {
            post.AlarmConnection.Write(command);
            await post.AlarmConnection.FlushAsync(stop);
            post.Alarm = post.AlarmConnection.ReadAsync(CancellationToken.None).AsTask();
            for (var looks = 0; looks < 2; looks++)
            {
                _ = await post.Control.CallAsync(stop, "PING");
                await Task.Delay(TimeSpan.FromMilliseconds(1), time, stop);
            }

            // A node answers for keys of other nodes before it looks whether it is paused: that tells nothing.
            if (!post.Alarm.IsCompleted || (await AlarmTextAsync(post)).Split(' ')[0] is not ("NOPERM" or "MOVED"))
            {
                return;
            }
        }

        throw NoAlarmFor(post);
    }

    /// <summary>Whether the user may end a pause. Asked within a transaction that is dropped, since a pause of somebody else's must not end; who may not run those is not asked.</summary>
    /// <returns>What the server says against it, or <see langword="null"/>.</returns>
    private static async ValueTask<string?> MayNotUnpauseAsync(RespConnection control, CancellationToken stop)
    {
        if ((await control.TryCallAsync(stop, "MULTI")).IsError)
        {
            return null;
        }

        var reply = await control.TryCallAsync(stop, "CLIENT", "UNPAUSE");
        if ((await control.TryCallAsync(stop, "DISCARD")).IsError)
        {
            // Nothing but a new connection ends the transaction now, and nothing that is said before is executed.
            throw new CutoverFailedException($"the user may run MULTI and not DISCARD on {control.Endpoint}; give it +discard, too");
        }

        return reply.IsDenied ? reply.Text : null;
    }

    /// <summary>Whether there is a command that this user may run and that a pause holds back. Nothing is paused yet, so that it is answered.</summary>
    private static async ValueTask TryAlarmAsync(Post post, CancellationToken stop)
    {
        foreach (var command in AlarmsOf(post))
        {
            var reply = await post.Control.TryCallAsync(stop, command);
            if (!reply.IsDenied)
            {
                return;
            }
        }

        throw NoAlarmFor(post);
    }

    private static RespArgument[][] AlarmsOf(Post post) =>
        [
            ["PFCOUNT", $"keyferry:{{{post.Tag}}}"],
            ["PUBLISH", "keyferry:{probe}", "1"],
        ];

    private static CutoverFailedException NoAlarmFor(Post post) =>
        new(
            $"the user may run neither PFCOUNT nor PUBLISH on {post.Control.Endpoint}, so that it cannot be tried whether writes are held back; give it +pfcount and read access to all keys."
        );

    /// <summary>What puts a key of our own into a slot of this node; any word where there are no slots.</summary>
    private static async ValueTask<string> TagAsync(RespConnection node, CancellationToken stop)
    {
        var slots = await node.TryCallAsync(stop, "CLUSTER", "SLOTS");
        if (slots.IsError)
        {
            return "probe";
        }

        var map = SlotMap.Parse(slots, node.Endpoint, 0);
        var self = map.Primaries.FirstOrDefault(one => one.Host == node.Endpoint.Host && one.Port == node.Endpoint.Port);
        return self is null ? "probe" : KeySlot.TagOf(map.FirstSlotOf(self));
    }

    private static async ValueTask<string> AlarmTextAsync(Post post)
    {
        try
        {
            var value = RespValue.Of((await post.Alarm).Span);
            return value.IsError ? value.Text : "a command that counts as a write was answered";
        }
        catch (IOException lost)
        {
            return lost.Message;
        }
    }

    private async ValueTask ForgetAsync()
    {
        foreach (var post in _posts)
        {
            post.AlarmConnection.Reset();
            _ = await AlarmTextAsync(post);
            await post.AlarmConnection.DisposeAsync();
            await post.Control.DisposeAsync();
        }

        _posts.Clear();
    }

    /// <summary>What the fence has at one primary.</summary>
    private sealed class Post(RespConnection control, RespConnection alarm)
    {
        public RespConnection Control { get; } = control;

        public RespConnection AlarmConnection { get; } = alarm;

        /// <summary>Puts the key of the alarm into a slot of this node.</summary>
        public string Tag { get; set; } = "probe";

        /// <summary>The answer to the command that must be held back.</summary>
        public Task<ReadOnlyMemory<byte>> Alarm { get; set; } = NoAlarm;

        private static readonly Task<ReadOnlyMemory<byte>> NoAlarm = Task.FromResult<ReadOnlyMemory<byte>>("+NONE\r\n"u8.ToArray());
    }
}
