namespace Keyferry.Integration.Faults;

/// <summary>Which way bytes flow through a <see cref="FaultProxy"/>; each way can be disturbed on its own.</summary>
[Flags]
public enum ProxyDirection
{
    /// <summary>From the client to the server: commands.</summary>
    ToServer = 1,

    /// <summary>From the server to the client: replies and pushes.</summary>
    ToClient = 2,

    /// <summary>Both ways.</summary>
    Both = ToServer | ToClient,
}
