using System.Globalization;
using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>SCAN and its kin.</summary>
internal static class ScanCommands
{
    /// <summary>Values of at most so many members come whole, as compact encodings do.</summary>
    public const int SmallValue = 128;

    public static void AddTo(CommandTable table)
    {
        table.Add("scan", -2, CommandFlags.None, Scan);
        table.Add("hscan", -3, CommandFlags.None, ScanHash);
        table.Add("sscan", -3, CommandFlags.None, ScanSet);
        table.Add("zscan", -3, CommandFlags.None, ScanScores);
        table.Add("randomkey", 1, CommandFlags.None, RandomKey);
    }

    private static void Scan(Call call)
    {
        var (cursor, count, pattern, type) = Options(call, 1, allowType: true);
        var database = call.Keys[call.Keys.Selected];
        var names = new List<Blob>();
        for (var steps = count * 10L; steps > 0; steps--)
        {
            cursor = database.Keys.Scan(cursor, (name, _) => names.Add(name));
            if (cursor == 0 || names.Count >= count)
            {
                break;
            }
        }

        var shown = names
            .Where(name => pattern is not { } glob || Glob.Matches(glob.Span, name.Span))
            .Where(name => type is null || database.Find(name)?.Value.TypeName == type)
            // An expired key is deleted when the walk comes by.
            .Where(name => call.Keys.Find(name, touch: false) is not null)
            .ToList();
        call.Reply.Array(2);
        call.Reply.Bulk(cursor.ToString());
        call.Reply.Bulks(shown);
    }

    private static void ScanHash(Call call) =>
        Walk(call, call.Keys.Find<HashValue>(call[1])?.Fields, static (field, value, shown) => shown.AddRange([field, value]));

    private static void ScanSet(Call call) =>
        Walk(call, call.Keys.Find<SetValue>(call[1])?.Members, static (member, _, shown) => shown.Add(member));

    private static void ScanScores(Call call) =>
        Walk(
            call,
            call.Keys.Find<SortedSetValue>(call[1])?.Members,
            static (member, score, shown) => shown.AddRange([member, ReplyWriter.TextOf(score)])
        );

    private static void Walk<T>(Call call, ScanTable<T>? table, Action<Blob, T, List<Blob>> show)
    {
        var (cursor, count, pattern, _) = Options(call, 2, allowType: false);
        var shown = new List<Blob>();
        void See(Blob name, T value)
        {
            if (pattern is not { } glob || Glob.Matches(glob.Span, name.Span))
            {
                show(name, value, shown);
            }
        }

        if (table is null || table.Count <= SmallValue)
        {
            cursor = 0;
            foreach (var (name, value) in table ?? new ScanTable<T>(0))
            {
                See(name, value);
            }
        }
        else
        {
            for (var steps = count * 10L; steps > 0; steps--)
            {
                cursor = table.Scan(cursor, See);
                if (cursor == 0 || shown.Count >= count)
                {
                    break;
                }
            }
        }

        call.Reply.Array(2);
        call.Reply.Bulk(cursor.ToString());
        call.Reply.Bulks(shown);
    }

    private static (ulong Cursor, long Count, Blob? Pattern, string? Type) Options(Call call, int at, bool allowType)
    {
        if (!ulong.TryParse(call[at].ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var cursor))
        {
            throw new CommandError("ERR invalid cursor");
        }

        var (count, pattern, type) = (10L, (Blob?)null, (string?)null);
        for (var i = at + 1; i < call.Count; i += 2)
        {
            if (call[i].Is("COUNT"))
            {
                count = call.Integer(i + 1);
                _ = count < 1 ? throw CommandError.Syntax : count;
            }
            else if (call[i].Is("MATCH"))
            {
                pattern = call[i + 1];
            }
            else if (allowType && call[i].Is("TYPE"))
            {
                type = call[i + 1].ToString().ToLowerInvariant();
            }
            else
            {
                throw CommandError.Syntax;
            }
        }

        return (cursor, count, pattern, type);
    }

    private static void RandomKey(Call call)
    {
        var names = call.Keys[call.Keys.Selected].Keys.Names.Where(name => call.Keys.Find(name, touch: false) is not null).ToList();
        if (names.Count == 0)
        {
            call.Reply.Null();
        }
        else
        {
            call.Reply.Bulk(names[call.Server.Random(names.Count)]);
        }
    }
}
