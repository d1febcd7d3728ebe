using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Compares one vector set by its elements: their vectors as they are stored, quantised or not, and their attributes.</summary>
/// <remarks>
/// <para>The graph that finds neighbours is built with random numbers and written in another order by every server, so payloads of equal sets differ. What only the payload
/// holds is not compared: the links of that graph, and the matrix by which REDUCE projects vectors. (The projected vectors are.)</para>
/// <para>The elements of one side are listed and looked up on both: with equal sizes that is equality. From Redis 8.4 on they are listed in pages (VRANGE), before that all at
/// once (VRANDMEMBER).</para>
/// </remarks>
internal sealed class VectorSetLook(VerifyLink link)
{
    /// <summary>For as many names at once, a server without VRANGE is busy for 10 to 20 ms (measured, 8.0: 2.4 to 3.5 ms for 20,000).</summary>
    private const int MostNamesAtOnce = 100_000;

    private const int MostElements = 256;
    private static readonly string[] _facts = ["quant-type", "hnsw-m", "vector-dim", "projection-input-dim", "size", "attributes-count"];

    /// <summary>Compares the vector set at <paramref name="key"/>, which both sides have.</summary>
    /// <returns>The first difference; why the two cannot be compared; or <see langword="null"/>.</returns>
    /// <exception cref="ValueChangedException">It vanished meanwhile.</exception>
    public async ValueTask<Observation?> CompareAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        await link.PassAsync(stop);
        var source = await link.Source.Looks.TryCallAsync(stop, "VINFO", key);
        var target = await link.Target.Looks.TryCallAsync(stop, "VINFO", link.OnTarget(key));
        if ((Refusal(source, link.Source, "VINFO") ?? Refusal(target, link.Target, "VINFO")) is { } refused)
        {
            return refused;
        }

        if (source["size"] is not { } size || target.Items.Count == 0)
        {
            return Observation.Moving;
        }

        if (Array.Find(_facts, fact => source[fact]?.Text != target[fact]?.Text) is { } other)
        {
            return new(
                DifferenceKind.Value,
                $"vectorset: {other} is {source[other]?.Text} on the source, {target[other]?.Text} on the target",
                DigestOf(source[other]),
                DigestOf(target[other])
            );
        }

        var bytes = link.Source.TellsSizes ? await MemoryQuestion.AskAsync(link.Source.Looks, key, stop) : 0;
        var sizer = new PageSizer(new ValueSize(size.Integer, bytes), MostElements);
        foreach (var side in (VerifySide[])[link.Source, link.Target])
        {
            if (!(await side.Looks.TryCallAsync(stop, "VRANGE", NameOn(side, key), "-", "+", 1)).IsError)
            {
                return await ComparePagesAsync(key, side, sizer, stop);
            }
        }

        return await CompareAllAsync(key, size.Integer, sizer, stop);
    }

    private ReadOnlyMemory<byte> NameOn(VerifySide side, ReadOnlyMemory<byte> key) => side == link.Target ? link.OnTarget(key) : key;

    /// <summary>Lists the elements on <paramref name="side"/>, page by page, in the order of their names.</summary>
    private async ValueTask<Observation?> ComparePagesAsync(
        ReadOnlyMemory<byte> key,
        VerifySide side,
        PageSizer sizer,
        CancellationToken stop
    )
    {
        RespArgument after = "-";
        while (true)
        {
            await link.PassAsync(stop);
            var asked = sizer.Size;
            var page = await side.CallAsync(side.Looks, "VRANGE", stop, NameOn(side, key), after, "+", asked);
            var names = page.Items.Select(static item => item.Bytes).ToList();
            var seen = names.Count == 0 ? null : await CompareElementsAsync(key, names, sizer, stop);
            if (seen is not null || names.Count < asked)
            {
                return seen;
            }

            after = (byte[])[(byte)'(', .. names[^1]];
            await link.RestAsync(stop);
        }
    }

    /// <summary>Lists them all at once.</summary>
    private async ValueTask<Observation?> CompareAllAsync(ReadOnlyMemory<byte> key, long size, PageSizer sizer, CancellationToken stop)
    {
        if (size > MostNamesAtOnce)
        {
            return Unknown($"with more than {MostNamesAtOnce:#,0} elements, which servers before Redis 8.4 list only all at once");
        }

        var all = await link.Source.Looks.TryCallAsync(stop, "VRANDMEMBER", key, size);
        if (Refusal(all, link.Source, "VRANDMEMBER") is { } refused)
        {
            return refused;
        }

        if (all.Items.Count != size)
        {
            return Observation.Moving;
        }

        for (var from = 0; from < all.Items.Count; )
        {
            await link.PassAsync(stop);
            var names = all.Items.Skip(from).Take(sizer.Size).Select(static item => item.Bytes).ToList();
            from += names.Count;
            if (await CompareElementsAsync(key, names, sizer, stop) is { } seen)
            {
                return seen;
            }

            await link.RestAsync(stop);
        }

        return null;
    }

    private async ValueTask<Observation?> CompareElementsAsync(
        ReadOnlyMemory<byte> key,
        List<byte[]> names,
        PageSizer sizer,
        CancellationToken stop
    )
    {
        var (source, target) = (link.Source.Looks, link.Target.Looks);
        foreach (var name in names)
        {
            source.Write("VEMB", key, name, "RAW");
            source.Write("VGETATTR", key, name);
            target.Write("VEMB", link.OnTarget(key), name, "RAW");
            target.Write("VGETATTR", link.OnTarget(key), name);
        }

        await link.FlushLooksAsync(stop);
        Observation? seen = null;
        var bytes = 0L;
        for (var answers = 0; answers < 2 * names.Count; answers++)
        {
            var command = answers % 2 == 0 ? "VEMB" : "VGETATTR";
            var onSource = await source.ReadAsync(stop);
            var onTarget = await target.ReadAsync(stop);
            bytes += onSource.Length;
            seen ??= CompareAnswers(onSource, onTarget, command);
        }

        link.Pace?.Received((int)bytes);
        sizer.Saw(bytes);
        return seen;
    }

    private Observation? CompareAnswers(ReadOnlyMemory<byte> onSource, ReadOnlyMemory<byte> onTarget, string command)
    {
        if (VerifySide.IsError(onSource) || VerifySide.IsError(onTarget))
        {
            return Refusal(RespValue.Of(onSource.Span), link.Source, command) ?? Refusal(RespValue.Of(onTarget.Span), link.Target, command);
        }

        return onSource.Span.SequenceEqual(onTarget.Span)
            ? null
            : new(
                DifferenceKind.Value,
                command == "VEMB" ? "vectorset: other elements or vectors" : "vectorset: other attributes",
                ValueFrames.Digest(onSource.Span),
                ValueFrames.Digest(onTarget.Span)
            );
    }

    private static ulong DigestOf(RespValue? value) => ValueFrames.Digest(value?.Bytes ?? []);

    /// <summary>What a refused command means; <see langword="null"/> where it was not refused.</summary>
    private static Observation? Refusal(RespValue reply, VerifySide side, string command)
    {
        if (!reply.IsError)
        {
            return null;
        }

        if (reply.IsDenied || reply.Text.Contains("unknown command", StringComparison.OrdinalIgnoreCase))
        {
            return Unknown($"without +{command.ToLowerInvariant()} on the {side.Role}");
        }

        var refused = side.Refused(reply.Text, command);
        return refused is ValueChangedException ? Observation.Moving : throw refused;
    }

    private static Observation Unknown(string why) =>
        new(DifferenceKind.Value, "vectorset: cannot be compared") { Incomparable = $"vectorset {why}" };
}
