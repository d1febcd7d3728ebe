namespace Keyferry.Simulation.Server.Commands;

/// <summary>ACL ...</summary>
internal static class AccessCommands
{
    public static void AddTo(CommandTable table)
    {
        const CommandFlags Flags = CommandFlags.Loading;
        table.Add("acl|whoami", 2, Flags, static call => call.Reply.Bulk(call.Client.User));
        table.Add(
            "acl|users",
            2,
            Flags,
            static call => call.Reply.Bulks([.. call.Server.Access.Users.Order().Select(static user => (Blob)user)])
        );
        table.Add("acl|getuser", 3, Flags, GetUser);
        table.Add("acl|setuser", -3, Flags, SetUser);
        table.Add("acl|dryrun", -4, Flags, DryRun);
    }

    private static void GetUser(Call call)
    {
        if (call.Server.Access.RulesOf(call[2].ToString()) is not { } rules)
        {
            call.Reply.NullArray();
            return;
        }

        call.Reply.Map(3);
        call.Reply.Bulk("flags");
        call.Reply.Set(1);
        call.Reply.Bulk("on");
        call.Reply.Bulk("commands");
        call.Reply.Bulk(rules);
        call.Reply.Bulk("selectors");
        call.Reply.Array(0);
    }

    private static void SetUser(Call call)
    {
        for (var i = 3; i < call.Count; i++)
        {
            call.Server.Access.Apply(call[2].ToString(), call[i].ToString());
        }

        call.Reply.Ok();
    }

    private static void DryRun(Call call)
    {
        if (call.Server.Access.MayWrite(call[2].ToString()))
        {
            call.Reply.Ok();
            return;
        }

        call.Reply.Bulk($"User {call[2]} has no permissions to run the '{call[3].ToString().ToLowerInvariant()}' command");
    }
}
