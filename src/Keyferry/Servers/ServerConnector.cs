using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Opens connections to one server, or to the cluster that it is part of: dials, logs in, names the connection. What goes wrong is told in an operator's words.</summary>
/// <remarks>After <see cref="DiscoverAsync"/> has found a cluster, a connection is one to the whole of it: each command goes to the owner of its key, and what has no key
/// to the home node. What a server does per node (SCAN, listening) is done with <see cref="Shards"/> and <see cref="Nodes"/>.</remarks>
/// <param name="dialer">The network, or the simulation's.</param>
/// <param name="endpoint">Where, and with which credentials.</param>
/// <param name="role"><c>source</c> or <c>target</c>; for messages and for the client name.</param>
/// <param name="settings">Time-outs and the name of the run.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class ServerConnector(IDialer dialer, Endpoint endpoint, string role, ConnectionSettings settings, TimeProvider time)
{
    /// <summary>A slot that the home node serves now.</summary>
    public int Home => Topology is { Current: var map } ? HomeNode.SlotIn(map) : HomeNode.Slot;

    /// <summary>Asks for reads that are no uses.</summary>
    public QuietReads Quiet { get; private init; } = new();

    /// <summary>Which uses of CONFIG are ours.</summary>
    public OwnCalls Config { get; private init; } = new("CONFIG");

    /// <summary>Which node is read in place of each primary; <see langword="null"/> where the primaries are.</summary>
    public ReplicaReads? Replicas { get; private init; }
    private bool ComesBack { get; init; }
    private HomeNode HomeNode { get; init; } = new(null, 0);

    /// <summary>Where the connections go.</summary>
    public Endpoint Endpoint => endpoint;

    /// <summary>The slots of the cluster, or <see langword="null"/> for a server on its own.</summary>
    public ClusterTopology? Topology { get; private set; }

    /// <summary>One for each primary, which is the home of its connections; for a server on its own, this one.</summary>
    public IReadOnlyList<ServerConnector> Shards =>
        Topology is { Current: var map } ? [.. map.Primaries.Select(node => At(new HomeNode(node, map.FirstSlotOf(node))))] : [this];

    /// <summary>One for each primary, with plain connections to that node alone; for a server on its own, this one.</summary>
    public IReadOnlyList<ServerConnector> Nodes => Topology is { Current: var map } ? [.. map.Primaries.Select(To)] : [this];

    /// <summary>Plain connections to the node at an address, or <see langword="null"/> where the deployment has none there.</summary>
    public ServerConnector? NodeAt(string host, int port) =>
        Nodes.FirstOrDefault(node =>
            node.Endpoint.Port == port && string.Equals(node.Endpoint.Host, host, StringComparison.OrdinalIgnoreCase)
        )
        ?? (
            Topology?.Current.Replicas.FirstOrDefault(node =>
                node.Port == port && string.Equals(node.Host, host, StringComparison.OrdinalIgnoreCase)
            )
                is { } replica
                ? To(replica)
                : null
        );

    /// <summary><c>source</c> or <c>target</c>.</summary>
    public string Role => role;

    /// <summary>The prefix of the names of all connections of this run; <c>CLIENT LIST</c> shows them, and a resumed run finds a dead one's by it.</summary>
    public string NamePrefix => $"keyferry:{settings.RunName}:{role}";

    /// <summary>After how long a connection must log in again, or is cut; <see langword="null"/> for never.</summary>
    public TimeSpan? Renewal => endpoint.PasswordSource?.Renewal;

    /// <summary>The command that logs in now, or <see langword="null"/> where none is needed.</summary>
    /// <exception cref="KeyferryException">A password has to be made, and cannot be.</exception>
    public ValueTask<RespArgument[]?> LoginAsync(CancellationToken stop) => LoginAsync(endpoint, stop);

    private static async ValueTask<RespArgument[]?> LoginAsync(Endpoint server, CancellationToken stop)
    {
        var password = server.PasswordSource is { } source ? await source.GetAsync(stop) : server.Password;
        return (server.User, password) switch
        {
            (_, null) => null,
            (null, _) => ["AUTH", password.Reveal()],
            (var user, _) => ["AUTH", user, password.Reveal()],
        };
    }

    /// <summary>Opens one connection that is ready for commands.</summary>
    /// <param name="purpose">One word for the client name: <c>lane0</c>, <c>capture</c>, <c>scan</c>, <c>verify</c>, ...</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="subscription">The connection will wait for pushes, so that its silence is normal.</param>
    /// <param name="opened">Called with each connection to a node before anything else is said on it: once at once, and in a cluster for every further node.</param>
    /// <exception cref="KeyferryException">The server cannot be reached or does not let us in: says why and what to do.</exception>
    /// <exception cref="IOException">The connection was lost while <paramref name="opened"/> used it.</exception>
    public async ValueTask<RespConnection> ConnectAsync(
        string purpose,
        CancellationToken stop,
        bool subscription = false,
        Func<RespConnection, CancellationToken, ValueTask>? opened = null
    )
    {
        if (endpoint.Sentinel is { } sentinel && Topology is null)
        {
            await FindPrimaryAsync(sentinel, stop);
        }

        if (Topology is { } known && subscription)
        {
            var home = known.Current.OwnerOf(Home) ?? known.Current.Primaries[0];
            return await ConnectPlainAsync(known.EndpointOf(home), purpose, subscription, stop);
        }

        if (Topology is { } topology)
        {
            return await ConnectRoutedAsync(topology, purpose, opened, stop);
        }

        var connection = subscription
            ? await ConnectPlainAsync(endpoint, purpose, subscription, stop)
            : await ConnectReadingAsync(endpoint, purpose, stop);
        return opened is null ? connection : await GreetAsync(connection, opened, stop);
    }

    /// <summary>Finds out whether the server is part of a cluster; if so, connections are routed from now on.</summary>
    /// <exception cref="KeyferryException">It cannot be reached, does not tell the slots, or some of them have no owner; or it is a sentinel.</exception>
    public async ValueTask DiscoverAsync(CancellationToken stop)
    {
        try
        {
            await using var connection = await ConnectAsync("hello", stop);
            var identity = await IdentifyAsync(connection, stop);
            if (identity.IsSentinel)
            {
                throw ConnectionTrouble.Sentinel(endpoint, role);
            }

            if (identity.IsCluster)
            {
                await EnterAsync(connection, stop);
            }
        }
        catch (ServerErrorException refused)
        {
            throw ConnectionTrouble.Login(refused, endpoint, role);
        }
        catch (IOException broken)
        {
            throw ConnectionTrouble.Greeting(broken, endpoint, role);
        }
    }

    /// <summary>Routes connections from now on: the server has said that it is part of a cluster.</summary>
    /// <exception cref="KeyferryException">Some slots of the cluster have no owner.</exception>
    /// <exception cref="ServerErrorException">It does not tell the slots.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask EnterAsync(RespConnection connection, CancellationToken stop)
    {
        if (Topology is { } known)
        {
            _ = await known.RefreshAsync(stop);
            return;
        }

        var (map, _) = await ClusterTopology.AskAsync(connection, stop);
        if (map.Primaries.Count == 0)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The {role} {endpoint} is in cluster mode, and no node serves any slot.",
                "Create the cluster first (redis-cli --cluster create), or name a node that belongs to one."
            );
        }

        if (map.Uncovered is { Count: > 0 } ranges)
        {
            throw ConnectionTrouble.Uncovered(ranges, endpoint, role);
        }

        Topology = new ClusterTopology(endpoint, AskNodeAsync, map);

        async ValueTask<(SlotMap, bool)> AskNodeAsync(Endpoint node, CancellationToken gaveUp)
        {
            await using var asked = await ConnectPlainAsync(node, "slots", subscription: false, gaveUp);
            return await ClusterTopology.AskAsync(asked, gaveUp);
        }
    }

    /// <summary>Asks the sentinels for the primary, one after the other.</summary>
    /// <exception cref="KeyferryException">None of them tells.</exception>
    private async ValueTask FindPrimaryAsync(SentinelTerms terms, CancellationToken stop)
    {
        Exception? trouble = null;
        foreach (var one in terms.Sentinels)
        {
            try
            {
                var (map, _) = await AskSentinelAsync(endpoint with { Host = one.Host, Port = one.Port, Sentinel = null }, stop);
                Topology = new ClusterTopology(endpoint, AskSentinelAsync, map);
                return;
            }
            catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
            {
                trouble = away;
            }
        }

        throw ClusterTopology.NoSentinelAnswers(endpoint, trouble);

        async ValueTask<(SlotMap, bool)> AskSentinelAsync(Endpoint sentinel, CancellationToken gaveUp)
        {
            await using var asked = await ConnectSentinelAsync(sentinel, terms, gaveUp);
            return await SentinelQuestions.AskAsync(asked, terms.Service, gaveUp);
        }
    }

    /// <summary>Most sentinels want no password; those that do are given their own, or the servers'.</summary>
    private async ValueTask<RespConnection> ConnectSentinelAsync(Endpoint sentinel, SentinelTerms terms, CancellationToken stop)
    {
        var tls = terms.Tls ?? sentinel.Tls;
        sentinel = sentinel with { Tls = tls, TlsTerms = tls ? sentinel.TlsTerms : TlsTerms.Default };
        var stranger = sentinel with { User = terms.User, Password = terms.Password, PasswordSource = null };
        try
        {
            return await ConnectPlainAsync(stranger, "sentinel", subscription: false, stop);
        }
        catch (KeyferryException refused)
            when (refused.InnerException is ServerErrorException { Code: "NOAUTH" }
                && (sentinel.Password is not null || sentinel.PasswordSource is not null)
            )
        {
            return await ConnectPlainAsync(sentinel, "sentinel", subscription: false, stop);
        }
    }

    /// <summary>The same deployment, with another node as home.</summary>
    private ServerConnector At(HomeNode home) =>
        new(dialer, endpoint, role, settings, time)
        {
            Topology = Topology,
            HomeNode = home,
            Quiet = Quiet,
            Config = Config,
            Replicas = Replicas,
            ComesBack = ComesBack,
        };

    /// <summary>The same deployment, to be read at replicas wherever one of a primary is proved to have all that its primary has. For reading alone.</summary>
    /// <param name="replicas">Which node is read; see <see cref="ReadReplicas"/>. <see langword="null"/> for the primaries.</param>
    /// <param name="comesBack">Whether a connection to a primary is lost as soon as a replica of it can be read again. Not for a walk, which would begin anew.</param>
    public ServerConnector At(ReplicaReads? replicas, bool comesBack) =>
        replicas is null
            ? this
            : new(dialer, endpoint, role, settings, time)
            {
                Topology = Topology,
                HomeNode = HomeNode,
                Config = Config,
                Replicas = replicas,
                ComesBack = comesBack,
            };

    /// <summary>Begins to choose replicas that can be read.</summary>
    /// <param name="say">Told, in a sentence, whenever another node is read from now on.</param>
    public ReplicaReads ReadReplicas(Action<string> say) =>
        new((node, stop) => ConnectPlainAsync(node, "offset", subscription: false, stop), Topology, endpoint.Sentinel is null, say, time);

    /// <summary>Plain connections to one node of the cluster.</summary>
    public ServerConnector To(ClusterNode node) => To(endpoint with { Host = node.Host, Port = node.Port, Sentinel = null });

    /// <summary>Plain connections to one node of the deployment.</summary>
    public ServerConnector To(Endpoint node) => new(dialer, node, role, settings, time) { Quiet = Quiet, Config = Config };

    private async ValueTask<RespConnection> ConnectRoutedAsync(
        ClusterTopology topology,
        string purpose,
        Func<RespConnection, CancellationToken, ValueTask>? opened,
        CancellationToken stop
    )
    {
        if (topology.IsSuspect)
        {
            _ = await topology.RefreshAsync(stop);
        }

        try
        {
            var transport = await RoutedTransport.OpenAsync(
                topology,
                HomeNode,
                OpenNodeAsync,
                Replicas is null ? OpenNodeAsync : (node, gaveUp) => ConnectPlainAsync(node, purpose, subscription: false, gaveUp),
                time,
                stop
            );
            return new RespConnection(transport, endpoint, time, settings.CommandTimeout);
        }
        catch (IOException lost)
        {
            throw ConnectionTrouble.Node(lost, endpoint, role);
        }

        async ValueTask<RespConnection> OpenNodeAsync(Endpoint node, CancellationToken gaveUp)
        {
            var connection = await ConnectReadingAsync(node, purpose, gaveUp);
            return opened is null ? connection : await GreetAsync(connection, opened, gaveUp);
        }
    }

    /// <summary>Connects to a node, or to the replica that is read in its place.</summary>
    private ValueTask<RespConnection> ConnectReadingAsync(Endpoint node, string purpose, CancellationToken stop) =>
        Replicas is { } replicas
            ? replicas.ConnectAsync(node, ComesBack, (there, before) => ConnectPlainAsync(there, purpose, false, stop, before), stop)
            : ConnectPlainAsync(node, purpose, subscription: false, stop);

    private static async ValueTask<RespConnection> GreetAsync(
        RespConnection connection,
        Func<RespConnection, CancellationToken, ValueTask> opened,
        CancellationToken stop
    )
    {
        try
        {
            await opened(connection, stop);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <param name="endpoint">Which node.</param>
    /// <param name="purpose">One word for the client name.</param>
    /// <param name="subscription">Whether its silence is normal.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="before">What has to be made sure of before anything is sent, once it has logged in.</param>
    private async ValueTask<RespConnection> ConnectPlainAsync(
        Endpoint endpoint,
        string purpose,
        bool subscription,
        CancellationToken stop,
        Func<CancellationToken, ValueTask>? before = null
    )
    {
        ITransport transport;
        try
        {
            transport = await dialer.DialAsync(endpoint, stop);
        }
        catch (IOException failed)
        {
            throw ConnectionTrouble.Dial(failed, endpoint, role);
        }

        var guard = before is null ? null : new GuardedTransport(transport);
        transport = guard ?? transport;
        var connection = new RespConnection(transport, endpoint, time, subscription ? Timeout.InfiniteTimeSpan : settings.CommandTimeout);
        try
        {
            using var patience = new CancellationTokenSource(settings.CommandTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            await LogInAsync(connection, endpoint, purpose, either.Token);
            _ = guard?.Before = before;
            return connection;
        }
        catch (Exception failed)
        {
            await connection.DisposeAsync();
            throw Translate(failed, endpoint, stop);
        }
    }

    /// <summary>Asks the server who it is.</summary>
    public static async ValueTask<ServerIdentity> IdentifyAsync(RespConnection connection, CancellationToken stop) =>
        ServerIdentity.Parse((await connection.CallAsync(stop, "INFO")).Text);

    private Exception Translate(Exception failed, Endpoint endpoint, CancellationToken stop) =>
        failed switch
        {
            ServerErrorException refused => ConnectionTrouble.Login(refused, endpoint, role),
            IOException broken => ConnectionTrouble.Greeting(broken, endpoint, role),
            OperationCanceledException when !stop.IsCancellationRequested => ConnectionTrouble.Greeting(
                new IOException(
                    $"{endpoint} accepted the connection but did not answer within {settings.CommandTimeout.TotalSeconds:0.#} s"
                ),
                endpoint,
                role
            ),
            _ => failed,
        };

    private async ValueTask LogInAsync(RespConnection connection, Endpoint endpoint, string purpose, CancellationToken stop)
    {
        connection.Counted = Config;
        if (await LoginAsync(endpoint, stop) is { } login)
        {
            _ = await connection.CallAsync(stop, login);
        }

        _ = await connection.CallAsync(stop, "PING");
        // Managed services may forbid either; both only help to recognise our connections.
        _ = await connection.TryCallAsync(stop, "CLIENT", "SETNAME", $"{NamePrefix}:{purpose}");
        var id = await connection.TryCallAsync(stop, "CLIENT", "ID");
        connection.ClientId = id.Type == RespType.Integer ? id.Integer : 0;
    }
}
