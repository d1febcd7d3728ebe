namespace Keyferry.Simulation.Server.Commands;

/// <summary>Setting, asking and taking away expiries.</summary>
internal static class ExpiryCommands
{
    public static void AddTo(CommandTable table)
    {
        table.Add("expire", -3, CommandFlags.Write, static call => Expire(call, call.Server.Clock + (call.Integer(2) * 1000)));
        table.Add("pexpire", -3, CommandFlags.Write, static call => Expire(call, call.Server.Clock + call.Integer(2)));
        table.Add("expireat", -3, CommandFlags.Write, static call => Expire(call, call.Integer(2) * 1000));
        table.Add("pexpireat", -3, CommandFlags.Write, static call => Expire(call, call.Integer(2)));
        table.Add("persist", 2, CommandFlags.Write, Persist);
        table.Add("pttl", 2, CommandFlags.None, static call => Tell(call, at => Math.Max(0, at - call.Server.Clock)));
        table.Add("ttl", 2, CommandFlags.None, static call => Tell(call, at => (Math.Max(0, at - call.Server.Clock) + 500) / 1000));
        table.Add("pexpiretime", 2, CommandFlags.None, static call => Tell(call, static at => at));
        table.Add("expiretime", 2, CommandFlags.None, static call => Tell(call, static at => (at + 500) / 1000));
    }

    private static void Expire(Call call, long at)
    {
        var entry = call.Keys.Find(call[1]);
        if (!IsWanted(call, entry, at) || entry is null)
        {
            call.Reply.Integer(0);
            return;
        }

        if (at <= call.Server.Clock)
        {
            _ = call.Keys[call.Keys.Selected].Remove(call[1]);
            call.Keys.Changed('g', "del", call[1]);
        }
        else
        {
            call.Keys[call.Keys.Selected].Expire(call[1], entry, at);
            call.Keys.Changed('g', "expire", call[1]);
        }

        call.Reply.Integer(1);
    }

    private static bool IsWanted(Call call, KeyEntry? entry, long at) =>
        call.Count < 4
        || call[3].ToString().ToUpperInvariant() switch
        {
            "NX" => entry?.ExpiresAt is null,
            "XX" => entry?.ExpiresAt is not null,
            "GT" => entry?.ExpiresAt is { } old && at > old,
            "LT" => entry?.ExpiresAt is not { } old || at < old,
            _ => throw new CommandError($"ERR Unsupported option {call[3]}"),
        };

    private static void Persist(Call call)
    {
        var entry = call.Keys.Find(call[1]);
        if (entry?.ExpiresAt is null)
        {
            call.Reply.Integer(0);
            return;
        }

        call.Keys[call.Keys.Selected].Expire(call[1], entry, at: null);
        call.Keys.Changed('g', "persist", call[1]);
        call.Reply.Integer(1);
    }

    private static void Tell(Call call, Func<long, long> form) =>
        call.Reply.Integer(
            call.Keys.Find(call[1], touch: false) is not { } entry ? -2
            : entry.ExpiresAt is { } at ? form(at)
            : -1
        );
}
