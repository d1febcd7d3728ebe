namespace Keyferry.Simulation.Network;

/// <summary>The server's end of a link.</summary>
internal interface ISimPeer
{
    /// <summary>Bytes of the client arrived.</summary>
    void Received(ReadOnlySpan<byte> bytes);

    /// <summary>The client's side is closed or was reset.</summary>
    void Closed();

    /// <summary>There is room again for bytes to the client.</summary>
    void Writable();
}

/// <summary>Something that accepts links.</summary>
internal interface ISimListener
{
    /// <summary>Whether anything listens at the moment.</summary>
    bool IsUp { get; }

    /// <summary>Takes a new link in.</summary>
    ISimPeer Accept(SimLink link);
}
