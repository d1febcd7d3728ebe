using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>Asks the target what keys are that the source has named: one server about all of them, each node of a cluster about its own.</summary>
/// <remarks>
/// <para>A script may look at every key of its node, whatever their slots: one of them is declared, and the command goes where that key is.</para>
/// <para>A node that does not have one of the keys, as while a slot is on its way, refuses the call: then each of them is asked for by itself, wherever it is. A key of which
/// nothing is said then is not taken for equal.</para>
/// </remarks>
/// <param name="script">The script on the target.</param>
internal sealed class TargetQuestions(ServerScript script)
{
    private readonly NodeAnswers _answers = new();

    /// <summary>Writes the question, without sending it.</summary>
    /// <param name="target">The target.</param>
    /// <param name="output">Where to.</param>
    /// <param name="names">The packed names.</param>
    /// <param name="each">Whether a digest of each key is wanted.</param>
    /// <returns>Who was asked what; <see langword="null"/> for one server.</returns>
    public NodeParts? Ask(VerifySide target, RespOutput output, ReadOnlyMemory<byte> names, bool each)
    {
        if (target.Slots is not { } slots)
        {
            script.Write(output, Named(names, each));
            return null;
        }

        var parts = new NodeParts(names.Span, slots);
        foreach (var part in parts.All)
        {
            script.WriteTo(part.First, output, Named(part.Pack(), each));
        }

        return parts;
    }

    /// <summary>Reads the answer.</summary>
    /// <param name="target">The target.</param>
    /// <param name="connection">The one on which it was asked; on the other no answer may be due.</param>
    /// <param name="parts">Who was asked what.</param>
    /// <param name="names">The packed names.</param>
    /// <param name="each">Whether a digest of each key was asked for.</param>
    /// <param name="answer">Gets it.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ServerErrorException">The one server, or a node that may do so in a moment, does not answer the question.</exception>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask ReadAsync(
        VerifySide target,
        RespConnection connection,
        NodeParts? parts,
        ReadOnlyMemory<byte> names,
        bool each,
        DigestPage answer,
        CancellationToken stop
    )
    {
        if (parts is null)
        {
            var frame = await connection.ReadAsync(stop);
            script.Require(frame);
            answer.Take(frame.Span, each, names.Span);
            return;
        }

        _answers.Begin(parts.Keys, each);
        var open = new List<(NodePart Part, bool IsForgotten)>();
        foreach (var part in parts.All)
        {
            if (!Take(await connection.ReadAsync(stop), part.Places, out var isForgotten))
            {
                open.Add((part, isForgotten));
            }
        }

        foreach (var (part, isForgotten) in open)
        {
            await AskAgainAsync(target, part, isForgotten, each, stop);
        }

        _answers.End(answer);
    }

    private async ValueTask AskAgainAsync(VerifySide target, NodePart part, bool isForgotten, bool each, CancellationToken stop)
    {
        if (isForgotten)
        {
            // It is the first time that this node is asked, or it has forgotten the script: from now on it knows it.
            script.Whole.WriteTo(part.First, target.Looks.Output, Named(part.Pack(), each));
            await target.Looks.FlushAsync(stop);
            if (Take(await target.Looks.ReadAsync(stop), part.Places, out _))
            {
                return;
            }
        }

        AskEach(part, target.Looks.Output, each);
        await target.Looks.FlushAsync(stop);
        foreach (var place in part.Places)
        {
            _ = Take(await target.Looks.ReadAsync(stop), [place], out _);
        }
    }

    private void AskEach(NodePart part, RespOutput output, bool each)
    {
        for (var names = new PackedNames(part.Pack()); names.Next(out var name, out var packed); )
        {
            // Whole: it may end at a node that has never been asked.
            script.Whole.WriteTo(name, output, Named((byte[])[.. PackedNames.Head(1), .. packed], each));
        }
    }

    /// <returns>Whether the node has said something of all these keys.</returns>
    private bool Take(ReadOnlyMemory<byte> frame, IReadOnlyList<int> places, out bool isForgotten)
    {
        isForgotten = false;
        if (!VerifySide.IsError(frame))
        {
            return _answers.Take(frame.Span, places);
        }

        var refused = script.ErrorOf(frame.Span);
        isForgotten = refused.Code == "NOSCRIPT";
        var isElsewhere =
            refused.Code is "MOVED" or "ASK" || refused.Reply.Contains("attempted to access", StringComparison.OrdinalIgnoreCase);
        return isForgotten || isElsewhere ? false : throw refused;
    }

    private static RespArgument[] Named(ReadOnlyMemory<byte> names, bool each) => ["", names, "", "", each ? "1" : ""];
}
