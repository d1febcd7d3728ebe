using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Sorted sets.</summary>
internal static class SortedSetCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("zadd", -4, CommandFlags.Write | CommandFlags.DenyOom, Add);
        table.Add("zrem", -3, CommandFlags.Write, Remove);
        table.Add(
            "zcard",
            2,
            CommandFlags.None,
            static call => call.Reply.Integer(call.Keys.Find<SortedSetValue>(call[1])?.Members.Count ?? 0)
        );
        table.Add("zscore", 3, CommandFlags.None, Score);
        table.Add("zrange", -4, CommandFlags.None, Range);
    }

    private static void Add(Call call)
    {
        if (call.Count % 2 != 0)
        {
            throw CommandError.Syntax;
        }

        var pairs = new List<(double Score, Blob Member)>();
        for (var i = 2; i < call.Count; i += 2)
        {
            pairs.Add((call.Score(i), call[i + 1]));
        }

        var scores = call.Keys.FindOrAdd(call[1], () => new SortedSetValue(call.Keys.Seed));
        var (added, changed) = (0, 0);
        foreach (var (score, member) in pairs)
        {
            var known = scores.Members.TryGet(member, out var old);
            added += known ? 0 : 1;
            changed += known && old.Equals(score) ? 0 : 1;
            _ = scores.Members.Set(member, score);
        }

        if (changed > 0)
        {
            call.Keys.Changed('z', "zadd", call[1]);
        }

        call.Reply.Integer(added);
    }

    private static void Remove(Call call)
    {
        var scores = call.Keys.Find<SortedSetValue>(call[1]);
        var removed = 0;
        for (var i = 2; i < call.Count; i++)
        {
            removed += scores?.Members.Remove(call[i]) == true ? 1 : 0;
        }

        if (removed > 0)
        {
            call.Keys.Changed('z', "zrem", call[1]);
            call.Keys.DropIfEmpty(call[1]);
        }

        call.Reply.Integer(removed);
    }

    private static void Score(Call call)
    {
        if (call.Keys.Find<SortedSetValue>(call[1]) is { } scores && scores.Members.TryGet(call[2], out var score))
        {
            call.Reply.Number(score);
        }
        else
        {
            call.Reply.Null();
        }
    }

    private static void Range(Call call)
    {
        var withScores = call.Count > 4 && (call[4].Is("WITHSCORES") ? true : throw CommandError.Syntax);
        var sorted = call.Keys.Find<SortedSetValue>(call[1])?.Sorted.ToList() ?? [];
        var (from, count) = CollectionCommands.Slice(call.Integer(2), call.Integer(3), sorted.Count);
        var nested = withScores && call.Reply.Protocol >= 3;
        call.Reply.Array(withScores && !nested ? count * 2 : count);
        foreach (var (member, score) in sorted.GetRange(from, count))
        {
            if (nested)
            {
                call.Reply.Array(2);
            }

            call.Reply.Bulk(member);
            if (withScores)
            {
                call.Reply.Number(score);
            }
        }
    }
}
