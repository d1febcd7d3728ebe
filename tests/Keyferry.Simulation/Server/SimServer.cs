using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server.Commands;

namespace Keyferry.Simulation.Server;

/// <summary>A Redis 7.0 in memory, as far as a migration sees one: an event loop with turns, clients, a keyspace, notifications, expiry in virtual time.</summary>
/// <remarks>
/// <para>Commands come as bytes over links; what arrives between two turns is executed in the next one, clients in a random order, each client's commands in
/// theirs. Replies and pushes leave at the end of the turn.</para>
/// <para>The simulation itself acts through <see cref="Execute"/>.</para>
/// </remarks>
internal sealed class SimServer : ISimListener
{
    /// <summary>Commands of one client in one turn.</summary>
    private const int CommandsPerTurn = 64;

    private readonly DeterministicScheduler _scheduler;
    private readonly Dice _dice;
    private readonly Dispatcher _dispatcher;
    private readonly SimClient _inside;
    private bool _turnIsDue;
    private SimTimer? _cycle;
    private long _cycleAt;
    private long _loadingUntil;

    public SimServer(DeterministicScheduler scheduler, string name, ulong seed, ServerOptions? options = null)
    {
        _scheduler = scheduler;
        _dice = Dice.Fork(seed, name);
        Name = name;
        Options = options ?? new ServerOptions();
        RunId = NewId();
        ReplicationId = NewId();
        Configuration = new Configuration(Options);
        Access = new AccessControl(Options.Users);
        Clients = new ClientRegistry(this);
        PubSub = new PubSubHub(this);
        Tracking = new TrackingHub(this);
        Pause = new PauseState(this);
        Keyspace = new Keyspace(this, Options.Databases, _dice.Next());
        Payload = new Payload(Options.PayloadVersion, Options.CanonicalPayloads, Keyspace.Seed);
        _dispatcher = new Dispatcher(this);
        _inside = new SimClient(this, link: null, id: 0) { IsAuthenticated = true, User = ApplicationUser };
    }

    public string Name { get; }

    public ServerOptions Options { get; }

    public Configuration Configuration { get; private set; }

    public AccessControl Access { get; private set; }

    /// <summary>The user of the application.</summary>
    public string ApplicationUser => Options.Users.Count > 0 ? Options.Users[0] : AccessControl.Default;

    /// <summary>Whether an application's write would be taken now, and not be held back.</summary>
    public bool TakesWrites => IsUp && !IsLoading && !IsReplica && !Pause.IsOn && Access.MayWrite(ApplicationUser);

    public ClientRegistry Clients { get; }

    public PubSubHub PubSub { get; }

    public TrackingHub Tracking { get; }

    public PauseState Pause { get; }

    public Keyspace Keyspace { get; private set; }

    public Payload Payload { get; }

    public ScriptRegistry Scripts { get; } = new();

    public ServerStatistics Statistics { get; private set; } = new();

    public string RunId { get; private set; }

    public string ReplicationId { get; private set; }

    /// <summary>A replica refuses writes and does not expire keys itself.</summary>
    public bool IsReplica { get; set; }

    /// <inheritdoc/>
    public bool IsUp { get; private set; } = true;

    /// <summary>Whether it is still reading its data.</summary>
    public bool IsLoading => Clock < _loadingUntil;

    /// <summary>Its clock, in milliseconds since 1970.</summary>
    public long Clock => Now.ToUnixTimeMilliseconds();

    /// <summary>Its clock.</summary>
    public DateTimeOffset Now => _scheduler.Time.GetUtcNow() + Options.ClockAhead;

    /// <summary>The client as which the simulation itself acts.</summary>
    public SimClient Inside => _inside;

    /// <summary>The client whose command runs.</summary>
    public SimClient? Current { get; set; }

    /// <summary>The command table, for statistics.</summary>
    public CommandTable Commands => _dispatcher.Table;

    /// <summary>Called with every command that is about to be executed for a client over the network; for tests and traces.</summary>
    public Action<SimClient, Blob[]> Executing { get; set; } = static (_, _) => { };

    /// <inheritdoc/>
    public ISimPeer Accept(SimLink link) => Clients.Add(link);

    /// <summary>Executes one command as a client inside the server would, in a turn of its own, and returns the reply's bytes (RESP2).</summary>
    /// <remarks>Neither the read-only state nor a pause nor the memory limit applies, unless <paramref name="asClient"/>.</remarks>
    public string Execute(bool asClient, params ReadOnlySpan<Blob> command)
    {
        _dispatcher.Run(_inside, command.ToArray(), privileged: !asClient);
        var reply = _inside.Reply.Bytes.Take(_inside.Reply.Bytes.Count);
        EndTurn();
        return new Blob(reply).ToString();
    }

    /// <summary>Executes one command inside the server, whatever state it is in.</summary>
    public string Execute(params ReadOnlySpan<Blob> command) => Execute(asClient: false, command);

    /// <summary>The process dies and comes back: connections break, flags and pauses and scripts are as at the start, the run id is new.</summary>
    /// <param name="downFor">How long nothing listens.</param>
    /// <param name="loadingFor">How long it then answers LOADING.</param>
    /// <param name="keepData">Whether the data was saved.</param>
    public void Restart(TimeSpan downFor, TimeSpan loadingFor = default, bool keepData = true)
    {
        Log($"{Name} restarts, down for {downFor}, loading for {loadingFor}, {(keepData ? "with" : "without")} its data");
        IsUp = false;
        Clients.CrashAll();
        Configuration = new Configuration(Options);
        Access = new AccessControl(Options.Users);
        Statistics = new ServerStatistics();
        Commands.ResetCalls();
        Scripts.ForgetLoaded();
        Pause.End();
        RunId = NewId();
        ReplicationId = NewId();
        if (!keepData)
        {
            Keyspace.Flush();
        }

        _ = _scheduler.Time.After(
            downFor,
            () =>
            {
                IsUp = true;
                _loadingUntil = Clock + (long)loadingFor.TotalMilliseconds;
            },
            $"{Name} starts"
        );
    }

    /// <summary>Takes over another server's data, as a promoted replica does: an own run id, own flags, nobody connected.</summary>
    public void TakeDataOf(SimServer other)
    {
        for (var database = 0; database < Keyspace.Count; database++)
        {
            Keyspace[database].Clear();
            foreach (var (key, entry) in other.Keyspace[database].Keys)
            {
                _ = Keyspace.Put(key, Payload.Restore(other.Payload.Dump(entry.Value)), entry.ExpiresAt, database);
            }
        }
    }

    /// <summary>Has a turn soon, or after <paramref name="delay"/>.</summary>
    public void Wake(TimeSpan delay = default)
    {
        if (delay > TimeSpan.Zero)
        {
            _ = _scheduler.Time.After(delay, () => Wake(), $"{Name} wakes");
        }
        else if (!_turnIsDue)
        {
            _turnIsDue = true;
            _ = _scheduler.Time.After(TimeSpan.FromMicroseconds(_dice.Between(1, 20)), Turn, $"{Name} turn");
        }
    }

    /// <summary>Does something later.</summary>
    public SimTimer After(TimeSpan delay, Action act, string what) => _scheduler.Time.After(delay, act, $"{Name} {what}");

    /// <summary>A number below the given one, from the server's own chance.</summary>
    public int Random(int below) => _dice.Below(below);

    /// <summary>Tells the story of the simulation.</summary>
    public void Log(string line) => _scheduler.Log($"{Name}: {line}");

    private void Turn()
    {
        _turnIsDue = false;
        if (!IsUp)
        {
            return;
        }

        var clients = Clients.All.Where(static client => client.Input.Count > 0 || client.IsGone).ToList();
        while (clients.Count > 0)
        {
            var index = _dice.Below(clients.Count);
            var client = clients[index];
            clients.RemoveAt(index);
            if (_dispatcher.RunInput(client, CommandsPerTurn) && !client.IsGone)
            {
                Wake();
            }

            if (client.IsGone)
            {
                Clients.Drop(client);
            }
        }

        EndTurn();
    }

    private void EndTurn()
    {
        Tracking.Flush();
        Clients.FlushAll();
        PlanCycle();
    }

    /// <summary>The active expiry: ten times a second while anything has expired or will.</summary>
    private void PlanCycle()
    {
        if (Keyspace.NextExpiry() is not { } next)
        {
            return;
        }

        var wait = Math.Max(0, next - Clock) + _dice.Below(100) + 1;
        var at = Clock + wait;
        if (_cycle is not null && _cycleAt <= at && _cycleAt > Clock)
        {
            return;
        }

        _cycle?.Dispose();
        _cycleAt = at;
        _cycle = _scheduler.Time.After(TimeSpan.FromMilliseconds(wait), Cycle, $"{Name} expiry cycle");
    }

    private void Cycle()
    {
        _cycle = null;
        if (IsUp && !IsReplica && !Pause.HoldsExpiry)
        {
            Keyspace.ExpireSome(() => _dice.Chance(0.25));
        }

        if (IsReplica || Pause.HoldsExpiry || !IsUp)
        {
            _ = _scheduler.Time.After(TimeSpan.FromMilliseconds(100), PlanCycle, $"{Name} expiry waits");
        }

        Tracking.Flush();
        Clients.FlushAll();
        if (!IsReplica && IsUp && !Pause.HoldsExpiry)
        {
            PlanCycle();
        }
    }

    private string NewId() => string.Concat(Enumerable.Range(0, 3).Select(_ => _dice.Next().ToString("x16")))[..40];
}
