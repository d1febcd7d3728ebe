using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>Compares one stream: entries in order, ids and counters, consumer groups, their consumers and pending entries (not their idle times).</summary>
/// <remarks>What one of the servers does not know (counters before 7.0, positions of groups that came from an older server) cannot differ.</remarks>
internal sealed class StreamLook(VerifyLink link)
{
    private const int MostPending = 512;
    private static readonly string[] _counters = ["length", "last-generated-id", "max-deleted-entry-id", "entries-added", "groups"];
    private static readonly string[] _groupFacts = ["last-delivered-id", "entries-read", "consumers", "pending"];

    /// <summary>Compares the stream at <paramref name="key"/>, which both sides have.</summary>
    /// <exception cref="ValueChangedException">The stream or a group vanished meanwhile.</exception>
    public async ValueTask<Observation?> CompareAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var (source, target) = await AskBothAsync("XINFO STREAM", key, stop);
        return CompareCounters(source, target)
            ?? await CompareEntriesAsync(key, source["length"]?.Integer ?? 0, stop)
            ?? await CompareGroupsAsync(key, stop);
    }

    private static Observation? CompareCounters(RespValue source, RespValue target) =>
        FirstOther(_counters, source, target) is { } counter
            ? Different(
                $"stream: {counter} is {source[counter]?.Text} on the source, {target[counter]?.Text} on the target",
                Facts(_counters, source),
                Facts(_counters, target)
            )
            : null;

    private async ValueTask<Observation?> CompareEntriesAsync(ReadOnlyMemory<byte> key, long entries, CancellationToken stop)
    {
        var bytes = link.Source.TellsSizes ? await MemoryQuestion.AskAsync(link.Source.Looks, key, stop) : 0;
        var sizer = new PageSizer(new ValueSize(entries, bytes), 1024);
        string? start = "-";
        while (start is not null)
        {
            var (source, target) = await link.AskBothAsync("XRANGE", key, stop, start, "+", "COUNT", sizer.Size);
            if (!source.Span.SequenceEqual(target.Span))
            {
                return new(DifferenceKind.Value, "stream: other entries", ValueFrames.Digest(source.Span), ValueFrames.Digest(target.Span));
            }

            start = AfterLast(source.Span);
            sizer.Saw(source.Length);
            await link.RestAsync(stop);
        }

        return null;
    }

    private async ValueTask<Observation?> CompareGroupsAsync(ReadOnlyMemory<byte> key, CancellationToken stop)
    {
        var (source, target) = await AskBothAsync("XINFO GROUPS", key, stop);
        var onTarget = ByName(target);
        foreach (var group in source.Items)
        {
            var name = NameOf(group);
            if (!onTarget.TryGetValue(name, out var other))
            {
                return Different("stream: a group is missing on the target", Names(source), Names(target));
            }

            if (FirstOther(_groupFacts, group, other) is { } fact)
            {
                return Different(
                    $"stream: a group's {fact} is {group[fact]?.Text} on the source, {other[fact]?.Text} on the target",
                    Facts(_groupFacts, group),
                    Facts(_groupFacts, other)
                );
            }

            var seen = await CompareConsumersAsync(key, name, stop) ?? await ComparePendingAsync(key, name, stop);
            if (seen is not null)
            {
                return seen;
            }
        }

        return null;
    }

    private async ValueTask<Observation?> CompareConsumersAsync(ReadOnlyMemory<byte> key, KeyName group, CancellationToken stop)
    {
        var (source, target) = await AskBothAsync("XINFO CONSUMERS", key, stop, group.Memory);
        var onTarget = ByName(target);
        return
            source.Items.Count == onTarget.Count
            && source.Items.All(consumer =>
                onTarget.TryGetValue(NameOf(consumer), out var other) && consumer["pending"]?.Text == other["pending"]?.Text
            )
            ? null
            : Different("stream: other consumers of a group", Names(source), Names(target));
    }

    private async ValueTask<Observation?> ComparePendingAsync(ReadOnlyMemory<byte> key, KeyName group, CancellationToken stop)
    {
        string? start = "-";
        while (start is not null)
        {
            var (source, target) = await link.AskBothAsync("XPENDING", key, stop, group.Memory, start, "+", MostPending);
            var onSource = Pending(source.Span);
            var onTarget = Pending(target.Span);
            if (onSource != onTarget)
            {
                return new(DifferenceKind.Value, "stream: other pending entries of a group", Digest(onSource), Digest(onTarget));
            }

            start = AfterLast(source.Span);
            await link.RestAsync(stop);
        }

        return null;
    }

    private async ValueTask<(RespValue Source, RespValue Target)> AskBothAsync(
        string name,
        ReadOnlyMemory<byte> key,
        CancellationToken stop,
        params RespArgument[] rest
    )
    {
        var words = name.Split(' ');
        link.Source.Looks.Write([words[0], words[1], key, .. rest]);
        link.Target.Looks.Write([words[0], words[1], link.OnTarget(key), .. rest]);
        await link.FlushLooksAsync(stop);
        var source = await link.Source.Looks.ReadAsync(stop);
        var target = await link.Target.Looks.ReadAsync(stop);
        link.Source.Check(source, name);
        link.Target.Check(target, name);
        return (RespValue.Of(source.Span), RespValue.Of(target.Span));
    }

    /// <summary>The first of <paramref name="facts"/> that both sides know and tell differently.</summary>
    private static string? FirstOther(string[] facts, RespValue source, RespValue target) =>
        Array.Find(
            facts,
            fact =>
                source[fact] is { IsNull: false } left
                && target[fact] is { IsNull: false } right
                && !left.Bytes.AsSpan().SequenceEqual(right.Bytes)
        );

    private static string Facts(string[] names, RespValue value) => string.Join(' ', names.Select(name => value[name]?.Text));

    private static string Names(RespValue list) =>
        string.Join(
            ' ',
            list.Items.Select(item => $"{Convert.ToHexString(NameOf(item).Span)}:{item["pending"]?.Text}").Order(StringComparer.Ordinal)
        );

    private static KeyName NameOf(RespValue item) => new(item["name"]?.Bytes ?? []);

    private static Dictionary<KeyName, RespValue> ByName(RespValue list)
    {
        var byName = new Dictionary<KeyName, RespValue>(list.Items.Count);
        foreach (var item in list.Items)
        {
            byName[NameOf(item)] = item;
        }

        return byName;
    }

    private static Observation Different(string detail, string source, string target) =>
        new(DifferenceKind.Value, detail, Digest(source), Digest(target));

    private static ulong Digest(string text) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text));

    /// <summary>Id, consumer and delivery count of each entry of an answer to XPENDING, as text that compares exactly.</summary>
    private static string Pending(ReadOnlySpan<byte> frame)
    {
        var text = new StringBuilder();
        var reader = new RespReader(frame);
        for (var left = reader.RequireAggregate(); left > 0; left--)
        {
            _ = reader.RequireAggregate();
            reader.Require();
            text.Append(reader.Text).Append(' ');
            reader.Require();
            text.Append(Convert.ToHexString(reader.Bytes)).Append(' ');
            reader.Require();
            reader.Require();
            text.Append(reader.Text).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>The id that follows the last one in a list of entries, or <see langword="null"/> where the list is empty.</summary>
    private static string? AfterLast(ReadOnlySpan<byte> frame)
    {
        var reader = new RespReader(frame);
        string? last = null;
        for (var left = reader.RequireAggregate(); left > 0; left--)
        {
            var elements = reader.RequireAggregate();
            reader.Require();
            if (left == 1)
            {
                last = reader.Text;
            }

            for (var i = 1; i < elements; i++)
            {
                reader.Require();
                reader.Skip();
            }
        }

        return last is null ? null : Next(last);
    }

    private static string? Next(string id)
    {
        var dash = id.IndexOf('-', StringComparison.Ordinal);
        var time = ulong.Parse(id.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture);
        var sequence = ulong.Parse(id.AsSpan(dash + 1), NumberStyles.None, CultureInfo.InvariantCulture);
        if (sequence < ulong.MaxValue)
        {
            return $"{time}-{sequence + 1}";
        }

        return time < ulong.MaxValue ? $"{time + 1}-0" : null;
    }
}
