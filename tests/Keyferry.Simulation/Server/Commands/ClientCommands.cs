namespace Keyferry.Simulation.Server.Commands;

/// <summary>CLIENT ...</summary>
internal static class ClientCommands
{
    public static void AddTo(CommandTable table)
    {
        const CommandFlags Flags = CommandFlags.Loading;
        table.Add("client|id", 2, Flags, static call => call.Reply.Integer(call.Client.Id));
        table.Add("client|setname", 3, Flags, SetName);
        table.Add("client|getname", 2, Flags, static call => BulkOrNull(call, call.Client.Name));
        table.Add("client|list", -2, Flags, List);
        table.Add("client|info", 2, Flags, static call => call.Reply.Verbatim(Line(call.Server, call.Client)));
        table.Add("client|kill", -3, Flags, Kill);
        table.Add("client|no-evict", 3, Flags, static call => Switch(call, static (client, on) => client.NoEvict = on));
        table.Add("client|no-touch", 3, Flags, static call => Switch(call, static (client, on) => client.NoTouch = on));
        table.Add("client|pause", -3, Flags, Pause);
        table.Add("client|unpause", 2, Flags, Unpause);
        table.Add("client|tracking", -3, Flags, Track);
        table.Add("client|trackinginfo", 2, Flags, TrackingInfo);
    }

    private static void SetName(Call call)
    {
        call.Client.Name = call[2].Span.ContainsAny(" \n"u8)
            ? throw new CommandError("ERR Client names cannot contain spaces, newlines or special characters.")
            : call[2];
        call.Reply.Ok();
    }

    private static void BulkOrNull(Call call, Blob text)
    {
        if (text.Length == 0)
        {
            call.Reply.Null();
        }
        else
        {
            call.Reply.Bulk(text);
        }
    }

    private static void Switch(Call call, Action<SimClient, bool> set)
    {
        set(call.Client, call[2].Is("ON") || (call[2].Is("OFF") ? false : throw CommandError.Syntax));
        call.Reply.Ok();
    }

    private static void List(Call call)
    {
        IEnumerable<SimClient> clients = call.Server.Clients.All;
        if (call.Count > 3 && call[2].Is("TYPE"))
        {
            clients = clients.Where(client => call[3].Is(TypeOf(client)));
        }
        else if (call.Count > 3 && call[2].Is("ID"))
        {
            var ids = Enumerable.Range(3, call.Count - 3).Select(call.Integer).ToHashSet();
            clients = clients.Where(client => ids.Contains(client.Id));
        }
        else if (call.Count > 2)
        {
            throw CommandError.Syntax;
        }

        // The application acts inside the server; a client that hides its uses is seen.
        var seen = clients.Concat(new[] { call.Server.Inside }.Where(static client => client.NoTouch));
        call.Reply.Verbatim(string.Concat(seen.Select(client => Line(call.Server, client))));
    }

    private static string Line(SimServer server, SimClient client)
    {
        var flags =
            (client.IsSubscribed ? "P" : "")
            + (client.Queued is null ? "" : "x")
            + (client.Tracking is null ? "" : "tB")
            + (client.NoTouch ? "T" : "");
        return $"id={client.Id} addr={AddressOf(client)} laddr={server.Name}:6379 fd=8 name={client.Name} age=0 idle=0 "
            + $"flags={(flags.Length == 0 ? "N" : flags)} db={client.Database} sub={client.Channels.Count} psub={client.Patterns.Count} ssub=0 "
            + $"multi={client.Queued?.Count ?? -1} qbuf={client.Input.Count} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 "
            + $"omem={client.Reply.Bytes.Count} tot-mem=0 events=r cmd={client.LastCommand} user={client.User} "
            + $"redir={client.Tracking?.Redirect ?? (client.Tracking is null ? -1 : 0)} resp={client.Reply.Protocol}\n";
    }

    private static string AddressOf(SimClient client) => $"10.0.0.1:{client.Id + 1000}";

    private static string TypeOf(SimClient client) => client.IsSubscribed ? "pubsub" : "normal";

    private static void Kill(Call call)
    {
        if (call.Count == 3)
        {
            var address = call[2].ToString();
            var found =
                call.Server.Clients.All.FirstOrDefault(client => AddressOf(client) == address)
                ?? throw new CommandError("ERR No such client");
            call.Reply.Ok();
            End(call, found);
            return;
        }

        var skipMe = true;
        var filters = new List<Func<SimClient, bool>>();
        for (var i = 2; i < call.Count; i += 2)
        {
            if (call[i].Is("SKIPME"))
            {
                skipMe = call[i + 1].Is("yes");
            }
            else
            {
                filters.Add(Filter(call, i));
            }
        }

        var victims = call
            .Server.Clients.All.Where(client => filters.TrueForAll(matches => matches(client)) && !(skipMe && client == call.Client))
            .ToList();
        call.Reply.Integer(victims.Count);
        victims.ForEach(victim => End(call, victim));
    }

    private static Func<SimClient, bool> Filter(Call call, int index)
    {
        var value = call[index + 1].ToString();
        switch (call[index].ToString().ToUpperInvariant())
        {
            case "ID":
                var id = call.Integer(index + 1);
                return client => client.Id == id;
            case "ADDR":
                return client => AddressOf(client) == value;
            case "LADDR":
                return client => $"{call.Server.Name}:6379" == value;
            case "USER":
                return client => client.User == value;
            case "TYPE":
                return client => call[index + 1].Is(TypeOf(client));
            default:
                throw CommandError.Syntax;
        }
    }

    private static void End(Call call, SimClient victim)
    {
        if (victim == call.Client)
        {
            victim.IsClosing = true;
        }
        else
        {
            call.Server.Clients.Kill(victim);
        }
    }

    private static void Pause(Call call)
    {
        var milliseconds = call.Integer(2);
        if (milliseconds < 0)
        {
            throw new CommandError("ERR timeout is negative");
        }

        var all = call.Count < 4 || !call[3].Is("WRITE");
        if (call.Count > 3 && all && !call[3].Is("ALL"))
        {
            throw new CommandError("ERR CLIENT PAUSE mode must be WRITE or ALL");
        }

        call.Server.Pause.Start(milliseconds, all);
        call.Reply.Ok();
    }

    private static void Unpause(Call call)
    {
        call.Server.Pause.End();
        call.Reply.Ok();
    }

    private static void Track(Call call)
    {
        if (call[2].Is("OFF"))
        {
            call.Client.Tracking = null;
            call.Reply.Ok();
            return;
        }

        var (prefixes, noLoop, redirect, broadcast) = (new List<Blob>(), false, (long?)null, false);
        for (var i = 3; i < call.Count; i++)
        {
            switch (call[i].ToString().ToUpperInvariant())
            {
                case "BCAST":
                    broadcast = true;
                    break;
                case "NOLOOP":
                    noLoop = true;
                    break;
                case "PREFIX":
                    prefixes.Add(call[++i]);
                    break;
                case "REDIRECT":
                    redirect =
                        call.Server.Clients.Find(call.Integer(++i))?.Id
                        ?? throw new CommandError("ERR The client ID you want redirect to does not exist");
                    break;
                default:
                    throw CommandError.Syntax;
            }
        }

        if (!call[2].Is("ON") || !broadcast)
        {
            throw new CommandError("ERR This simulated server knows only CLIENT TRACKING ON BCAST");
        }

        call.Client.Tracking = new TrackingMode(prefixes, noLoop, redirect);
        call.Reply.Ok();
    }

    private static void TrackingInfo(Call call)
    {
        var tracking = call.Client.Tracking;
        call.Reply.Map(3);
        call.Reply.Bulk("flags");
        Blob[] flags =
            tracking is null ? ["off"]
            : tracking.NoLoop ? ["on", "bcast", "noloop"]
            : ["on", "bcast"];
        call.Reply.Set(flags.Length);
        foreach (var flag in flags)
        {
            call.Reply.Bulk(flag);
        }

        call.Reply.Bulk("redirect");
        call.Reply.Integer(tracking?.Redirect ?? (tracking is null ? -1 : 0));
        call.Reply.Bulk("prefixes");
        call.Reply.Bulks(
            tracking is null ? []
            : tracking.Prefixes.Count > 0 ? tracking.Prefixes
            : [""]
        );
    }
}
