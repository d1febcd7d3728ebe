using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Migration;

/// <summary>Asks both servers what they are and what they allow, and says what a run would do. Reads only; everything is asked before anything is judged.</summary>
internal sealed class Planner(MigrationOptions options, ServerConnector source, ServerConnector target, TimeProvider time)
{
    private readonly List<KeyferryException> _refusals = [];
    private readonly List<string> _warnings = [];
    private IReadOnlyList<UnsupportedGroup> _unsupported = [];
    private bool _sameServer;
    private bool _targetIsReplica;

    /// <summary>Which databases the options speak of.</summary>
    public static DatabaseScope ScopeOf(MigrationOptions options) =>
        new(
            options.Source.Database is { } only ? new Dictionary<int, int> { [only] = options.Target.Database ?? only } : options.Databases,
            options.Names,
            options.DatabasePrefixes
        )
        {
            Kinds = options.Kinds,
            Expiry = options.Expiry,
        };

    /// <summary>Examines both servers.</summary>
    /// <exception cref="KeyferryException">One of them cannot be reached, or the options contradict each other.</exception>
    public async ValueTask<MigrationPlan> ExamineAsync(CancellationToken stop)
    {
        SelectionCheck.Throw(options);
        var scope = ScopeOf(options);
        var (from, sourceIdentity) = await OpenAsync(source, stop);
        await using var closesFrom = from;
        var (to, targetIdentity) = await OpenAsync(target, stop);
        await using var closesTo = to;
        await TryRightsAsync(sourceIdentity, targetIdentity, stop);
        var (sourceClock, targetClock) = (await ClockOffset.MeasureAsync(from, time, stop), await ClockOffset.MeasureAsync(to, time, stop));
        var shift = new ExpiryShift(sourceClock, targetClock);
        int[] databases = [.. sourceIdentity.Keyspace.Keys.Where(scope.Covers).OrderBy(static database => database)];
        var targetKeys = targetIdentity.Keyspace.Where(entry => scope.SourcesOf(entry.Key).Any()).Sum(static entry => entry.Value);
        JudgeServers(sourceIdentity, targetIdentity, scope);
        var (writes, reads) = await FormatsAsync(from, to, sourceIdentity, targetIdentity, stop);
        await JudgePayloadsAsync(
            connection => new UnsupportedValues(connection, writes, reads, databases, scope),
            sourceIdentity,
            targetIdentity,
            stop
        );
        await JudgeRenameAsync(databases, scope, stop);
        JudgeMemory(sourceIdentity, targetIdentity);
        JudgeTargetKeys(targetKeys);
        await TryReadingAsync(from, scope, stop);
        var basis = new TransferSettings(sourceIdentity.HasPExpireTime, shift.Shift, scope, writes, reads);
        basis = await ReadingAsync(basis, from, sourceIdentity, stop);
        basis = basis with { WritesByMSet = basis.ReadsByMGet && !targetIdentity.IsCluster && await TakesMSetAsync(to, stop) };
        await TryWritingAsync(to, stop);
        await DatabaseCheck.JudgeAsync(target, targetIdentity, [.. databases.Select(scope.TargetOf).Distinct()], Refuse, stop);
        var capture = await PlannedCapture.AskAsync(options, from, stop);
        _warnings.AddRange(capture.Warning is { } warning ? [warning] : Array.Empty<string>());
        JudgeClocks(shift);
        await LatencyCheck.JudgeAsync(options.SourceLatencyBudget, from, Refuse, time, stop);
        return new MigrationPlan
        {
            Source = $"{sourceIdentity.Describe(source.Nodes.Count)} at {options.Source}",
            Target = $"{targetIdentity.Describe(target.Nodes.Count)} at {options.Target}",
            Databases = databases,
            Keys = databases.Sum(database => sourceIdentity.Keyspace[database]),
            TargetKeyCount = targetKeys,
            Capture = capture.Words,
            MayHearNothing = capture.MayHearNothing,
            Reads = await ReplicaCheck.JudgeAsync(options, source, sourceIdentity, Refuse, stop),
            Clocks = Clocks(shift.Shift),
            NotMoved = await NotMoved.FindAsync(options, source, target, from, Refuse, stop),
            Steps = PlanSteps.Of(options, sourceIdentity, capture),
            Warnings = _warnings,
            Refusals = _refusals,
            Transfer = await TransferAsync(basis, to, targetClock, stop),
            Unsupported = _unsupported,
            Shift = shift,
            SourceIdentity = sourceIdentity,
            TargetIdentity = targetIdentity,
        };
    }

    private async ValueTask<TransferSettings> TransferAsync(
        TransferSettings basis,
        RespConnection to,
        ClockOffset targetClock,
        CancellationToken stop
    ) =>
        basis with
        {
            TargetNow = () => (time.GetUtcNow() + targetClock.Ahead).ToUnixTimeMilliseconds(),
            LargestPayload = await LongestWordAsync(to, stop),
            LargeValue = options.LargeValue,
            Piece = options.Piece,
            Slice = options.Slice,
            Clock = () => time.GetElapsedTime(0),
            OwnsTarget = options.TargetKeys != TargetKeys.Merge,
            LeavesOut = options.UnsupportedKeys == UnsupportedKeys.LeaveOut,
        };

    /// <summary>Whether a run from a server to itself would move what it has written.</summary>
    private static bool FeedsItself(DatabaseScope scope) =>
        scope.Databases is not { } databases || databases.Any(database => scope.Covers(scope.TargetOf(database)));

    private static string Clocks(TimeSpan shift) =>
        shift == TimeSpan.Zero ? "both clocks agree" : $"the target's clock is {Ahead(shift)}; expiries move by that much";

    private static string Ahead(TimeSpan shift) =>
        $"{shift.Duration().TotalSeconds:0.###} s {(shift > TimeSpan.Zero ? "ahead of" : "behind")} the source's";

    /// <summary>Connects, to the whole cluster where it is one.</summary>
    private static async ValueTask<(RespConnection Connection, ServerIdentity Identity)> OpenAsync(
        ServerConnector connector,
        CancellationToken stop
    )
    {
        var connection = await connector.ConnectAsync("plan", stop);
        try
        {
            var identity = await ServerConnector.IdentifyAsync(connection, stop);
            if (identity.IsSentinel)
            {
                throw ConnectionTrouble.Sentinel(connector.Endpoint, connector.Role);
            }

            if (!identity.IsCluster)
            {
                return (connection, identity);
            }

            await connector.EnterAsync(connection, stop);
            await connection.DisposeAsync();
            connection = await connector.ConnectAsync("plan", stop);
            return (connection, await ClusterIdentity.AskAsync(connector, stop));
        }
        catch (ServerErrorException refused)
        {
            await connection.DisposeAsync();
            throw ConnectionTrouble.Login(refused, connector.Endpoint, connector.Role);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private void JudgeServers(ServerIdentity from, ServerIdentity to, DatabaseScope scope)
    {
        if (from.RunId.Length > 0 && from.RunId == to.RunId && FeedsItself(scope))
        {
            _sameServer = true;
            Refuse("Source and target are the same server.", "Name two different ones.");
        }

        if (to.IsReplica)
        {
            _targetIsReplica = true;
            Refuse($"The target {options.Target} is a read-only replica.", $"Name its primary instead{PrimaryOf(to)}.");
        }

        if (from.HasLostPrimary)
        {
            Refuse(
                $"The source {options.Source} is a replica without a connection to its primary{PrimaryOf(from)} (master_link_status:down): what is written there does not reach it, so that its copy is of the past.",
                "Name the primary instead, or mend the connection and wait for master_link_status:up. Where the primary is gone for good, promote this replica first: REPLICAOF NO ONE."
            );
        }
        else if (from.IsReplica)
        {
            _warnings.Add(
                "The source is a replica: a full resynchronisation with its primary raises no events; the primary is the better source."
            );
        }

        if (from.RedisVersion < new Version(5, 0) && from.RedisVersion.Major > 0)
        {
            Refuse($"The source is {from}; Keyferry reads from Redis 5.0 and newer.", "Upgrade the source first.");
        }

        if (to.RedisVersion < new Version(5, 0) && to.RedisVersion.Major > 0)
        {
            Refuse($"The target is {to}; Keyferry writes to Redis 5.0 and newer.", "Choose a newer target.");
        }
    }

    private static string PrimaryOf(ServerIdentity replica) =>
        replica.Fields.TryGetValue("master_host", out var host) ? $" ({host}:{replica.Fields.GetValueOrDefault("master_port")})" : "";

    private static async ValueTask<(PayloadFormat Writes, PayloadFormat Reads)> FormatsAsync(
        RespConnection from,
        RespConnection to,
        ServerIdentity source,
        ServerIdentity target,
        CancellationToken stop
    ) =>
        (
            PayloadFormat.Of(source) with
            {
                Modules = ModuleName.InList(await from.TryCallAsync(stop, "MODULE", "LIST"), source.Modules),
            },
            PayloadFormat.Of(target) with
            {
                Modules = ModuleName.InList(await to.TryCallAsync(stop, "MODULE", "LIST"), target.Modules),
            }
        );

    private async ValueTask JudgePayloadsAsync(
        Func<RespConnection, UnsupportedValues> values,
        ServerIdentity from,
        ServerIdentity to,
        CancellationToken stop
    )
    {
        if (from.PayloadVersion == 0 || to.PayloadVersion == 0)
        {
            _warnings.Add($"It is not known whether {to} reads the values that {from} dumps; what it does not read is moved by commands.");
            return;
        }

        var found = new List<UnsupportedGroup>();
        foreach (var shard in source.Shards)
        {
            await using var connection = await shard.ConnectAsync("plan", stop);
            found.AddRange(await values(connection).FindAsync(await ServerConnector.IdentifyAsync(connection, stop), stop));
        }

        _unsupported = UnsupportedGroup.Merge(found);
        if (_unsupported.Count == 0 || options.UnsupportedKeys == UnsupportedKeys.LeaveOut)
        {
            _warnings.AddRange(_unsupported.Select(static group => $"{group.Words}. They are left out, as asked."));
            return;
        }

        Refuse(
            $"The target {to} cannot hold some keys of the source: {string.Join("; ", _unsupported.Select(static group => group.Words))}.",
            "Choose a newer target, or leave them out: --unsupported-keys leave-out. A dry run with --show-keys names the first of them."
        );
    }

    private async ValueTask JudgeRenameAsync(int[] databases, DatabaseScope scope, CancellationToken stop)
    {
        var keys = await RenameCheck.FindAsync(source, databases, scope, stop);
        var what =
            $"The rename gives {keys:#,0} keys of the source a name that is, or could be, that of another key: two keys cannot become one.";
        if (keys > 0 && options.UnsupportedKeys == UnsupportedKeys.LeaveOut)
        {
            _warnings.Add($"{what} They are left out, as asked.");
        }
        else if (keys > 0)
        {
            Refuse(
                what,
                "Leave them out by --exclude, choose another name, or make the groups of the expression so that only one way leads back. docs/operate/selection.md says how."
            );
        }
    }

    private void JudgeMemory(ServerIdentity from, ServerIdentity to)
    {
        if (to.MaxMemory > 0 && from.UsedMemory > to.MaxMemory - to.UsedMemory)
        {
            _warnings.Add(
                $"The source uses {from.UsedMemory / 1e6:#,0} MB; the target has room for {Math.Max(0, to.MaxMemory - to.UsedMemory) / 1e6:#,0} MB (maxmemory)."
            );
        }

        if (to.MaxMemory > 0 && to.Fields.GetValueOrDefault("maxmemory_policy", "noeviction") is not "noeviction" and var policy)
        {
            _warnings.Add($"The target evicts keys when it is full (maxmemory-policy {policy}): what it evicts would be missing.");
        }
    }

    private void JudgeTargetKeys(long keys)
    {
        // A resumed run finds the keys that it has put there itself.
        if (keys > 0 && !_sameServer && options is { TargetKeys: TargetKeys.Refuse, Resume: false })
        {
            Refuse(
                $"The target {options.Target} already has {keys:#,0} keys.",
                "Empty it, or say what becomes of them: --target-keys merge (they stay, unless the source has a key of that name) or --target-keys replace (they are removed)."
            );
        }
    }

    private async ValueTask TryReadingAsync(RespConnection from, DatabaseScope scope, CancellationToken stop)
    {
        foreach (var named in scope.Databases ?? [])
        {
            if (await from.TryCallAsync(stop, "SELECT", named) is { IsError: true } refused)
            {
                Refuse($"The source has no database {named}: {refused.Text.TrimEnd('.')}.", "Name one that it has.");
            }
        }

        _ = await from.TryCallAsync(stop, "SELECT", 0);
    }

    private async ValueTask<bool> TellsSizesAsync(RespConnection from, CancellationToken stop)
    {
        var reply = await MemoryQuestion.TryAsync(from, "keyferry:{probe}"u8.ToArray(), stop);
        if (reply.IsError && options.Kinds.AskSizes)
        {
            Refuse(
                $"The source does not tell how large values are ({reply.Text.TrimEnd('.')}), and keys are to be chosen by that.",
                "Give the user +memory|usage, or leave out --larger-than and --smaller-than."
            );
        }
        else if (reply.IsError)
        {
            _warnings.Add(
                $"The source does not tell how large values are ({reply.Text.TrimEnd('.')}): each is read whole, and a very large one keeps it from answering for a while. "
                    + "Give the user +memory|usage."
            );
        }

        return !reply.IsError;
    }

    /// <summary>How the source lets values be read. A cluster takes only keys of one slot together.</summary>
    private async ValueTask<TransferSettings> ReadingAsync(
        TransferSettings basis,
        RespConnection from,
        ServerIdentity identity,
        CancellationToken stop
    )
    {
        var sized = await TellsSizesAsync(from, stop);
        return basis with
        {
            TellsSizes = sized,
            ReadsByMGet =
                sized
                && identity is { HasPExpireTime: true, IsCluster: false }
                && !(await from.TryCallAsync(stop, "MGET", "keyferry:{probe}")).IsError,
        };
    }

    /// <summary>Whether the user may run MSET. Asked with a value too few, which is refused after the right to run it was checked, and writes nothing.</summary>
    private static async ValueTask<bool> TakesMSetAsync(RespConnection to, CancellationToken stop) =>
        await to.TryCallAsync(stop, "MSET", "keyferry:{probe}", "", "keyferry:{probe}") is { IsError: true } refused
        && refused.Text.Contains("wrong number of arguments", StringComparison.Ordinal);

    /// <summary>What the target says of the longest word of a command that it takes; the servers' default where it does not say it.</summary>
    private static async ValueTask<long> LongestWordAsync(RespConnection to, CancellationToken stop) =>
        await to.TryCallAsync(stop, "CONFIG", "GET", "proto-max-bulk-len") is { IsError: false, Items: [_, var said] }
        && long.TryParse(said.Text, out var bytes)
            ? bytes
            : TransferSettings.UsualLongestWord;

    private async ValueTask TryWritingAsync(RespConnection to, CancellationToken stop)
    {
        // A replica has been refused as what it is.
        if (
            !_targetIsReplica
            && await to.TryCallAsync(stop, "UNLINK", "keyferry:{probe}") is { IsError: true } refused
            && refused.Text.StartsWith("READONLY", StringComparison.Ordinal)
        )
        {
            Refuse($"The target {to.Endpoint} is read-only.", "Name the primary instead.");
        }
    }

    /// <exception cref="KeyferryException">A right is missing. What is asked next needs it, too.</exception>
    private async ValueTask TryRightsAsync(ServerIdentity from, ServerIdentity to, CancellationToken stop)
    {
        await RightsCheck.JudgeAsync(source, from, options.Verify, Refuse, stop);
        await RightsCheck.JudgeAsync(target, to, options.Verify, Refuse, stop);
        await SubscriptionCheck.JudgeAsync(options, source, Refuse, stop);
        if (_refusals.Count > 0)
        {
            throw MigrationPlan.Refused(_refusals);
        }
    }

    private void JudgeClocks(ExpiryShift shift)
    {
        if (shift.Shift.Duration() > TimeSpan.FromSeconds(1))
        {
            _warnings.Add($"The target's clock is {Ahead(shift.Shift)}. Keys expire at the same moment all the same.");
        }
    }

    private void Refuse(string saw, string remedy) => _refusals.Add(new KeyferryException(FailureKind.Refused, saw, remedy));
}
