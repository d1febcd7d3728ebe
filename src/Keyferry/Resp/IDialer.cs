using Keyferry.Model;

namespace Keyferry.Resp;

/// <summary>Opens byte streams to servers. The one place where the engine touches the network; the simulation puts its own in.</summary>
internal interface IDialer
{
    /// <summary>Opens a stream to <paramref name="endpoint"/>, TLS included; no command has been sent on it.</summary>
    /// <exception cref="IOException">The host is unknown, nothing listens there, or the TLS handshake failed. The message says which.</exception>
    ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop);
}
