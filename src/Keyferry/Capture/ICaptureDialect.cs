using Keyferry.Queue;
using Keyferry.Resp;

namespace Keyferry.Capture;

/// <summary>How one kind of capture speaks with the server; the connection's life is the same for all.</summary>
internal interface ICaptureDialect
{
    /// <summary>What listens to what, for people.</summary>
    string Description { get; }

    /// <summary>The class of clients whose <c>client-output-buffer-limit</c> holds for the connection.</summary>
    string BufferClass { get; }

    /// <summary>How many pongs, one after another, prove that everything before has been heard. (Measured: tracking pushes may follow the replies of their turn.)</summary>
    int PongsPerProof { get; }

    /// <summary>Makes sure, before each connection, that the server will tell of changes.</summary>
    ValueTask PrepareAsync(CancellationToken stop);

    /// <summary>Asks for the changes on a fresh connection, and returns when the server has confirmed it.</summary>
    /// <exception cref="Model.KeyferryException">The server refuses.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    ValueTask SubscribeAsync(RespConnection connection, CancellationToken stop);

    /// <summary>Takes one message apart: a change goes to <paramref name="sink"/>, a key of ours to <paramref name="ours"/>.</summary>
    /// <returns>The token of the ping that this is the answer to, or 0.</returns>
    /// <exception cref="IOException">The server has ended the subscription.</exception>
    long Hear(ReadOnlySpan<byte> frame, IChangeSink sink, OwnKeyHeard ours);
}

/// <summary>Told of a change of one of Keyferry's own keys.</summary>
internal delegate void OwnKeyHeard(ReadOnlySpan<byte> key);
