using Keyferry.Simulation.Network;

namespace Keyferry.Simulation.Server;

/// <summary>What a client asked CLIENT TRACKING for.</summary>
internal sealed record TrackingMode(List<Blob> Prefixes, bool NoLoop, long? Redirect);

/// <summary>A connection as the server sees it.</summary>
internal sealed class SimClient(SimServer server, SimLink? link, long id) : ISimPeer
{
    public long Id => id;

    /// <summary>The network, or <see langword="null"/> for a client inside the simulation.</summary>
    public SimLink? Link => link;

    public Blob Name { get; set; }

    public int Database { get; set; }

    public bool IsAuthenticated { get; set; }

    /// <summary>The ACL user that it has logged in as.</summary>
    public string User { get; set; } = AccessControl.Default;

    /// <summary>Fires when the login is too old.</summary>
    public Scheduling.SimTimer? LoginEnds { get; set; }

    public bool NoTouch { get; set; }

    public bool NoEvict { get; set; }

    public TrackingMode? Tracking { get; set; }

    public List<Blob> Channels { get; } = [];

    public List<Blob> Patterns { get; } = [];

    /// <summary>Commands since MULTI.</summary>
    public List<(CommandSpec Spec, Blob[] Arguments)>? Queued { get; set; }

    /// <summary>A command after MULTI was refused.</summary>
    public bool QueueBroken { get; set; }

    /// <summary>To be closed once its output is sent.</summary>
    public bool IsClosing { get; set; }

    public bool IsClosed { get; set; }

    /// <summary>The other end has left; the next turn is the last.</summary>
    public bool IsGone { get; private set; }

    public string LastCommand { get; set; } = "NULL";

    /// <summary>When the output has been above the soft limit since, in milliseconds of the server's clock.</summary>
    public long? AboveSoftLimitSince { get; set; }

    public ByteQueue Input { get; } = new();

    /// <summary>Output that the network has not taken yet.</summary>
    public ReplyWriter Reply { get; } = new();

    public bool IsSubscribed => Channels.Count + Patterns.Count > 0;

    /// <inheritdoc/>
    public void Received(ReadOnlySpan<byte> bytes)
    {
        if (!IsClosed && !IsClosing)
        {
            Input.Add(bytes);
            server.Wake();
        }
    }

    /// <inheritdoc/>
    public void Closed()
    {
        // What has arrived is read and executed before the loss is noticed, up to the first answer that cannot be sent.
        IsGone = true;
        server.Wake();
    }

    /// <inheritdoc/>
    public void Writable() => server.Clients.Flush(this);

    /// <summary>Back to a fresh connection.</summary>
    public void ResetState()
    {
        Database = 0;
        Tracking = null;
        Channels.Clear();
        Patterns.Clear();
        Queued = null;
        QueueBroken = false;
        NoTouch = NoEvict = false;
        Name = default;
        Reply.Protocol = 2;
        (IsAuthenticated, User) = (false, AccessControl.Default);
    }
}
