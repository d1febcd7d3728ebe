namespace Keyferry.Simulation.Server;

/// <summary>CLIENT PAUSE.</summary>
internal sealed class PauseState(SimServer server)
{
    private long _until;
    private bool _all;

    /// <summary>Whether writes wait.</summary>
    public bool IsOn => server.Clock < _until;

    /// <summary>Whether keys that expire have to stay.</summary>
    public bool HoldsExpiry => IsOn;

    /// <summary>Starts or lengthens a pause; it is never shortened.</summary>
    public void Start(long milliseconds, bool all)
    {
        var until = server.Clock + milliseconds;
        _all = (IsOn && _all) || all;
        if (until > _until || !IsOn)
        {
            _until = until;
            server.Wake(TimeSpan.FromMilliseconds(milliseconds));
        }
    }

    public void End()
    {
        _until = 0;
        _all = false;
        server.Wake();
    }

    /// <summary>Whether a command has to wait.</summary>
    public bool Holds(CommandFlags flags) =>
        IsOn && (_all || (flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != CommandFlags.None);
}
