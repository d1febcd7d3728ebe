using System.Globalization;
using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>What is known of the nodes of one deployment, a cluster's or those that sentinels watch over, kept up to date by redirections and by asking.</summary>
/// <remarks>
/// <para><b>Does not promise.</b> That it is true at this moment: nodes learn of changes one after the other. Whoever relies on a slot is told by the node itself when it
/// is not there (<see cref="Moved"/>).</para>
/// <para><b>Concurrency.</b> Anybody, any time; one task asks at a time.</para>
/// </remarks>
/// <param name="seed">The node that the user named, with the credentials of all.</param>
/// <param name="ask">Asks a node of the cluster, or a sentinel, and says whether what it tells works.</param>
/// <param name="first">The slots as they were found.</param>
internal sealed class ClusterTopology(
    Endpoint seed,
    Func<Endpoint, CancellationToken, ValueTask<(SlotMap Map, bool Works)>> ask,
    SlotMap first
)
{
    private readonly Channel<bool> _asking = Channel.CreateBounded<bool>(1);
    private readonly Lock _lock = new();
    private SlotMap _current = first;
    private SlotMap _told = first;
    private Endpoint? _knows;
    private bool _suspect;

    /// <summary>The slots as far as they are known.</summary>
    public SlotMap Current => Volatile.Read(ref _current);

    /// <summary>The slots as a node of the cluster has told them last, without what redirections have added.</summary>
    public SlotMap Told => Volatile.Read(ref _told);

    /// <summary>Whether something has shown that <see cref="Current"/> is out of date.</summary>
    public bool IsSuspect => Volatile.Read(ref _suspect);

    /// <summary>How to reach a node.</summary>
    public Endpoint EndpointOf(ClusterNode node) => seed with { Host = node.Host, Port = node.Port, Sentinel = null };

    /// <summary>A node has said that a slot is somewhere else.</summary>
    /// <param name="to">Where.</param>
    /// <param name="asked">Who said so.</param>
    public void Moved(Redirection to, Endpoint asked)
    {
        var host = to.Host.Length == 0 ? asked.Host : to.Host;
        lock (_lock)
        {
            if (_current.OwnerOf(to.Slot) is not { } known || known.Host != host || known.Port != to.Port)
            {
                Volatile.Write(ref _current, _current.With(to.Slot, host, to.Port));
            }

            _knows = seed with { Host = host, Port = to.Port };
            Volatile.Write(ref _suspect, true);
        }
    }

    /// <summary>A node is away, or refuses what it should serve: the next connection asks first.</summary>
    public void Suspect() => Volatile.Write(ref _suspect, true);

    /// <summary>Asks the nodes in turn until one answers that is part of a working cluster.</summary>
    /// <returns>The slots now.</returns>
    /// <exception cref="KeyferryException">None answers.</exception>
    public async ValueTask<SlotMap> RefreshAsync(CancellationToken stop)
    {
        // A place for one: whoever is in asks.
        await _asking.Writer.WriteAsync(true, stop);
        try
        {
            Volatile.Write(ref _suspect, false);
            SlotMap? best = null;
            Exception? trouble = null;
            foreach (var node in Candidates())
            {
                try
                {
                    var (map, works) = await ask(node, stop);
                    best = best is null || map.Epoch > best.Epoch ? map : best;
                    if (works && map.Epoch >= Told.Epoch)
                    {
                        best = map;
                        break;
                    }
                }
                catch (Exception away)
                    when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
                {
                    trouble = away;
                }
            }

            return Take(best ?? throw NoneAnswers(trouble));
        }
        finally
        {
            _ = _asking.Reader.TryRead(out _);
        }
    }

    /// <summary>Asks as <see cref="RefreshAsync"/> does whether slots have, or may have had, another owner since <paramref name="before"/> was told.</summary>
    /// <exception cref="KeyferryException">None answers.</exception>
    public async ValueTask<bool> HaveMovedAsync(SlotMap before, CancellationToken stop)
    {
        var now = await RefreshAsync(stop);
        return now.Epoch != before.Epoch || now.Differences(before).Count > 0;
    }

    /// <summary>Asks one node for the slots and whether the cluster works as it sees it.</summary>
    /// <exception cref="ServerErrorException">It refuses.</exception>
    public static async ValueTask<(SlotMap Map, bool Works)> AskAsync(RespConnection connection, CancellationToken stop)
    {
        // The epoch first: slots that change between the two answers are seen as changed again the next time.
        var info = await connection.TryCallAsync(stop, "CLUSTER", "INFO");
        if (info.IsDenied)
        {
            // Without the epoch a failover between two looks goes unseen. (Services that route by slots may lack the command altogether.)
            throw new ServerErrorException(info.Text, "CLUSTER INFO");
        }

        var epoch = info.IsError ? "" : Field(info.Text, "cluster_current_epoch");
        var slots = await connection.CallAsync(stop, "CLUSTER", "SLOTS");
        var map = SlotMap.Parse(
            slots,
            connection.Endpoint,
            long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0
        );
        return (map, info.IsError || Field(info.Text, "cluster_state") == "ok");
    }

    private SlotMap Take(SlotMap map)
    {
        lock (_lock)
        {
            Volatile.Write(ref _current, map);
            Volatile.Write(ref _told, map);
            return map;
        }
    }

    /// <summary>Whoever a redirection has named knows best; the seed comes last, since it may have left the cluster long ago.</summary>
    private List<Endpoint> Candidates()
    {
        if (seed.Sentinel is { } sentinel)
        {
            return [.. sentinel.Sentinels.Select(one => EndpointOf(new ClusterNode("", one.Host, one.Port)))];
        }

        var map = Current;
        var nodes = map.Primaries.Concat(Told.Primaries).Concat(map.Replicas).Select(EndpointOf).Append(seed);
        return [.. (_knows is { } knows ? nodes.Prepend(knows) : nodes).DistinctBy(static node => node.ToString())];
    }

    private KeyferryException NoneAnswers(Exception? trouble) =>
        seed.Sentinel is not null
            ? NoSentinelAnswers(seed, trouble)
            : new(
                FailureKind.Unreachable,
                $"No node of the cluster at {seed} tells its slots: {(trouble is KeyferryException known ? known.Saw : trouble?.Message)}",
                "Check that the addresses in CLUSTER SLOTS can be reached from this machine, and that the user may run CLUSTER SLOTS (ACL SETUSER NAME +cluster|slots +cluster|info).",
                trouble
            );

    /// <summary>None of the sentinels tells where the primary is.</summary>
    public static KeyferryException NoSentinelAnswers(Endpoint seed, Exception? trouble) =>
        new(
            FailureKind.Unreachable,
            $"No sentinel tells where {seed} is: {(trouble is KeyferryException known ? known.Saw : trouble?.Message)}",
            trouble switch
            {
                ServerErrorException { IsDenied: true } denied =>
                    $"Give the user the right on each sentinel: ACL SETUSER NAME {denied.Right}.",
                KeyferryException { InnerException: ServerErrorException { IsDenied: false, Command: "AUTH" or "PING" } } =>
                    "Sentinels that want a password are given their own (--source-sentinel-password-file, --target-sentinel-password-file, and -user), else that of the servers.",
                KeyferryException { InnerException: IOException } there when seed.Sentinel is { Tls: null } =>
                    $"{there.Remedy} Where the sentinels speak TLS and the servers do not, or the other way round, the URI ends in ?sentinels=tls or ?sentinels=plain.",
                KeyferryException there => there.Remedy,
                ServerErrorException other when other.Reply.Contains("unknown command", StringComparison.OrdinalIgnoreCase) =>
                    "That is no sentinel: name sentinels (port 26379 by default), or the server itself by redis://host:port.",
                _ => "Check the addresses of the sentinels and the name of the service (SENTINEL MASTERS lists those that they know).",
            },
            trouble
        );

    private static string Field(string info, string name)
    {
        foreach (var line in info.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith(name, StringComparison.Ordinal) && line.Length > name.Length && line[name.Length] == ':')
            {
                return line[(name.Length + 1)..];
            }
        }

        return "";
    }
}
