using System.Globalization;
using Keyferry.Simulation.Server.Values;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Strings.</summary>
internal static class StringCommands
{
    private const CommandFlags Write = CommandFlags.Write | CommandFlags.DenyOom;

    public static void AddTo(CommandTable table)
    {
        table.Add("get", 2, CommandFlags.None, Get);
        table.Add("mget", -2, CommandFlags.None, GetMany);
        table.Add(
            "strlen",
            2,
            CommandFlags.None,
            static call => call.Reply.Integer(call.Keys.Find<StringValue>(call[1])?.Text.Length ?? 0)
        );
        table.Add("set", -3, Write, Set);
        table.Add("setex", 4, Write, static call => SetWithExpiry(call, 1000));
        table.Add("psetex", 4, Write, static call => SetWithExpiry(call, 1));
        table.Add("mset", -3, Write, SetMany);
        table.Add("getdel", 2, CommandFlags.Write, GetDelete);
        table.Add("append", 3, Write, Append);
        table.Add("incr", 2, Write, static call => Increment(call, 1));
        table.Add("decr", 2, Write, static call => Increment(call, -1));
        // There are none here. It changes nothing, and a pause of writes holds it back all the same.
        table.Add("pfcount", -2, CommandFlags.MayReplicate, static call => call.Reply.Integer(0));
        table.Add("incrby", 3, Write, static call => Increment(call, call.Integer(2)));
    }

    private static void Get(Call call) => Show(call, call.Keys.Find<StringValue>(call[1]));

    /// <summary>What is no string looks as if it were not there.</summary>
    private static void GetMany(Call call)
    {
        call.Reply.Array(call.Count - 1);
        for (var i = 1; i < call.Count; i++)
        {
            Show(call, call.Keys.Find(call[i])?.Value as StringValue);
        }
    }

    private static void Show(Call call, StringValue? value)
    {
        if (value is null)
        {
            call.Reply.Null();
        }
        else
        {
            call.Reply.Bulk(value.Text);
        }
    }

    private static void GetDelete(Call call)
    {
        Show(call, call.Keys.Find<StringValue>(call[1]));
        _ = call.Keys.Delete(call[1]);
    }

    private static void Set(Call call)
    {
        var options = SetOptions.Read(call);
        var old = call.Keys.Find(call[1]);
        var previous = options.Get ? call.Keys.Find<StringValue>(call[1]) : null;
        if ((options.OnlyNew && old is not null) || (options.OnlyOld && old is null))
        {
            Show(call, previous);
            return;
        }

        _ = call.Keys.Put(call[1], new StringValue(call[2]), options.KeepExpiry ? old?.ExpiresAt : options.ExpiresAt);
        call.Keys.Changed('$', "set", call[1]);
        if (options.ExpiresAt is not null)
        {
            call.Keys.Tell('g', "expire", call[1]);
        }

        if (options.Get)
        {
            Show(call, previous);
        }
        else
        {
            call.Reply.Ok();
        }
    }

    private static void SetWithExpiry(Call call, long unit)
    {
        var span = call.Integer(2);
        if (span <= 0)
        {
            throw new CommandError($"ERR invalid expire time in '{(unit == 1 ? "psetex" : "setex")}' command");
        }

        _ = call.Keys.Find(call[1]);
        _ = call.Keys.Put(call[1], new StringValue(call[3]), call.Server.Clock + (span * unit));
        call.Keys.Changed('$', "set", call[1]);
        call.Keys.Tell('g', "expire", call[1]);
        call.Reply.Ok();
    }

    private static void SetMany(Call call)
    {
        if (call.Count % 2 == 0)
        {
            throw new CommandError("ERR wrong number of arguments for 'mset' command");
        }

        for (var i = 1; i < call.Count; i += 2)
        {
            _ = call.Keys.Find(call[i]);
            _ = call.Keys.Put(call[i], new StringValue(call[i + 1]));
            call.Keys.Changed('$', "set", call[i]);
        }

        call.Reply.Ok();
    }

    private static void Append(Call call)
    {
        var value = call.Keys.FindOrAdd(call[1], static () => new StringValue(""));
        value.Text = (byte[])[.. value.Text.Span, .. call[2].Span];
        call.Keys.Changed('$', "append", call[1]);
        call.Reply.Integer(value.Text.Length);
    }

    private static void Increment(Call call, long by)
    {
        var value = call.Keys.Find<StringValue>(call[1]);
        if (!long.TryParse(value?.Text.ToString() ?? "0", NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            throw CommandError.NotAnInteger;
        }

        value ??= (StringValue)call.Keys.Put(call[1], new StringValue("0")).Value;
        value.Text = number + by;
        call.Keys.Changed('$', "incrby", call[1]);
        call.Reply.Integer(number + by);
    }

    /// <summary>The options of SET.</summary>
    private sealed record SetOptions(bool OnlyNew, bool OnlyOld, bool KeepExpiry, bool Get, long? ExpiresAt)
    {
        public static SetOptions Read(Call call)
        {
            var options = new SetOptions(OnlyNew: false, OnlyOld: false, KeepExpiry: false, Get: false, ExpiresAt: null);
            for (var i = 3; i < call.Count; i++)
            {
                options = call[i].ToString().ToUpperInvariant() switch
                {
                    "NX" => options with { OnlyNew = true },
                    "XX" => options with { OnlyOld = true },
                    "KEEPTTL" => options with { KeepExpiry = true },
                    "GET" => options with { Get = true },
                    "EX" => options with { ExpiresAt = call.Server.Clock + (Positive(call, ++i) * 1000) },
                    "PX" => options with { ExpiresAt = call.Server.Clock + Positive(call, ++i) },
                    "EXAT" => options with { ExpiresAt = Positive(call, ++i) * 1000 },
                    "PXAT" => options with { ExpiresAt = Positive(call, ++i) },
                    _ => throw CommandError.Syntax,
                };
            }

            return (options.OnlyNew && options.OnlyOld) || (options.KeepExpiry && options.ExpiresAt is not null)
                ? throw CommandError.Syntax
                : options;
        }

        private static long Positive(Call call, int index) =>
            call.Integer(index) is > 0 and var number ? number : throw new CommandError("ERR invalid expire time in 'set' command");
    }
}
