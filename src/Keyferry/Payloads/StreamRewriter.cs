namespace Keyferry.Payloads;

/// <summary>Writes a stream as an older server writes it. All versions keep the entries alike; what the older one does not know of counters and consumers is left out.</summary>
internal static class StreamRewriter
{
    private const int IdLength = 16;
    private const int TimeLength = 8;

    /// <summary>Rewrites a stream's body.</summary>
    /// <param name="reader">Behind the type byte.</param>
    /// <param name="from">The type that it has.</param>
    /// <param name="to">The type that it gets: an older one.</param>
    /// <param name="body">Where it is written.</param>
    /// <exception cref="PayloadException">It is damaged.</exception>
    public static void Rewrite(PayloadReader reader, PayloadType from, PayloadType to, PayloadWriter body)
    {
        body.Begin(to);
        var start = reader.Position;
        for (var nodes = reader.Count(); nodes > 0; nodes--)
        {
            reader.SkipText();
            reader.SkipText();
        }

        // The length, and both halves of the last id.
        Skip(ref reader, 3);
        body.Raw(reader.Since(start));
        // The first id and the highest deleted one, two halves each, and how many entries were ever added.
        CopyIf(to >= PayloadType.StreamOf7, ref reader, 5, body);
        start = reader.Position;
        var groups = reader.Count();
        body.Raw(reader.Since(start));
        for (; groups > 0; groups--)
        {
            RewriteGroup(ref reader, from, to, body);
        }
    }

    private static void RewriteGroup(ref PayloadReader reader, PayloadType from, PayloadType to, PayloadWriter body)
    {
        var start = reader.Position;
        reader.SkipText();
        Skip(ref reader, 2);
        body.Raw(reader.Since(start));
        // How many entries the group has read.
        CopyIf(to >= PayloadType.StreamOf7, ref reader, 1, body);
        start = reader.Position;
        for (var pending = reader.Count(); pending > 0; pending--)
        {
            _ = reader.Raw(IdLength + TimeLength);
            _ = reader.Length();
        }

        var consumers = reader.Count();
        body.Raw(reader.Since(start));
        for (; consumers > 0; consumers--)
        {
            start = reader.Position;
            reader.SkipText();
            _ = reader.Raw(TimeLength);
            body.Raw(reader.Since(start));
            if (from >= PayloadType.StreamOf72)
            {
                var active = reader.Raw(TimeLength);
                body.Raw(to >= PayloadType.StreamOf72 ? active : default);
            }

            start = reader.Position;
            _ = reader.Raw((ulong)reader.Count() * IdLength);
            body.Raw(reader.Since(start));
        }
    }

    private static void CopyIf(bool wanted, ref PayloadReader reader, int numbers, PayloadWriter body)
    {
        var start = reader.Position;
        Skip(ref reader, numbers);
        body.Raw(wanted ? reader.Since(start) : default);
    }

    private static void Skip(ref PayloadReader reader, int numbers)
    {
        for (; numbers > 0; numbers--)
        {
            _ = reader.Length();
        }
    }
}
