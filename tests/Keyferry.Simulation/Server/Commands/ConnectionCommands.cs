namespace Keyferry.Simulation.Server.Commands;

/// <summary>Logging in and choosing a database.</summary>
internal static class ConnectionCommands
{
    private const CommandFlags Always = CommandFlags.Loading | CommandFlags.NoAuth;

    public static void AddTo(CommandTable table)
    {
        table.Add("ping", -1, CommandFlags.Loading | CommandFlags.Subscribed, Ping);
        table.Add("echo", 2, CommandFlags.Loading, static call => call.Reply.Bulk(call[1]));
        table.Add("hello", -1, Always, Hello);
        table.Add("auth", -2, Always, Auth);
        table.Add("select", 2, CommandFlags.Loading, Select);
        table.Add("quit", -1, Always | CommandFlags.Subscribed | CommandFlags.Immediate, Quit);
        table.Add("reset", 1, Always | CommandFlags.Subscribed | CommandFlags.Immediate, Reset);
    }

    private static void Ping(Call call)
    {
        if (call.Count > 2)
        {
            throw new CommandError("ERR wrong number of arguments for 'ping' command");
        }

        if (call.Client is { IsSubscribed: true, Reply.Protocol: < 3 })
        {
            call.Reply.Array(2);
            call.Reply.Bulk("pong");
            call.Reply.Bulk(call.Count == 2 ? call[1] : "");
        }
        else if (call.Count == 2)
        {
            call.Reply.Bulk(call[1]);
        }
        else
        {
            call.Reply.Simple("PONG");
        }
    }

    private static void Hello(Call call)
    {
        var protocol = call.Reply.Protocol;
        if (call.Count > 1)
        {
            protocol = call[1].ToString() switch
            {
                "2" => 2,
                "3" => 3,
                _ => throw new CommandError("NOPROTO unsupported protocol version"),
            };
        }

        for (var i = 2; i < call.Count; i++)
        {
            if (call[i].Is("AUTH"))
            {
                LogIn(call, call[i + 1], call[i + 2]);
                i += 2;
            }
            else if (call[i].Is("SETNAME"))
            {
                call.Client.Name = call[++i];
            }
            else
            {
                throw new CommandError($"ERR Syntax error in HELLO option '{call[i]}'");
            }
        }

        if (!call.Client.IsAuthenticated)
        {
            throw new CommandError(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
            );
        }

        call.Reply.Protocol = protocol;
        WriteHello(call);
    }

    private static void WriteHello(Call call)
    {
        var reply = call.Reply;
        reply.Map(7);
        reply.Bulk("server");
        reply.Bulk("redis");
        reply.Bulk("version");
        reply.Bulk(call.Server.Options.Version);
        reply.Bulk("proto");
        reply.Integer(reply.Protocol);
        reply.Bulk("id");
        reply.Integer(call.Client.Id);
        reply.Bulk("mode");
        reply.Bulk("standalone");
        reply.Bulk("role");
        reply.Bulk(call.Server.IsReplica ? "replica" : "master");
        reply.Bulk("modules");
        reply.Array(0);
    }

    private static void Auth(Call call)
    {
        if (call.Count > 3)
        {
            throw CommandError.Syntax;
        }

        if (call.Server.Options.Password is null && call.Count == 2)
        {
            throw new CommandError(
                "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
            );
        }

        LogIn(call, call.Count == 3 ? call[1] : "default", call[call.Count - 1]);
        call.Reply.Ok();
    }

    private static void LogIn(Call call, Blob user, Blob password)
    {
        var options = call.Server.Options;
        var isGood = options.LetsIn is { } letsIn
            ? letsIn(user.ToString(), password.ToString(), call.Server.Now)
            : options.Password is not { } expected || password == expected;
        if (call.Server.Access.RulesOf(user.ToString()) is null || !isGood)
        {
            throw new CommandError("WRONGPASS invalid username-password pair or user is disabled.");
        }

        (call.Client.IsAuthenticated, call.Client.User) = (true, user.ToString());
        if (options.LoginLife is { } life)
        {
            call.Server.Clients.CutLater(call.Client, life);
        }
    }

    private static void Select(Call call)
    {
        var database = call.Integer(1);
        call.Client.Database =
            database >= 0 && database < call.Keys.Count ? (int)database : throw new CommandError("ERR DB index is out of range");
        call.Reply.Ok();
    }

    private static void Quit(Call call)
    {
        call.Reply.Ok();
        call.Client.IsClosing = true;
    }

    private static void Reset(Call call)
    {
        call.Client.ResetState();
        call.Client.IsAuthenticated = call.Server.Options.Password is null;
        call.Reply.Simple("RESET");
    }
}
