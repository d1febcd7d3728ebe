namespace Keyferry.Simulation.Server.Commands;

/// <summary>Publishing and subscribing.</summary>
internal static class PubSubCommands
{
    public static void AddTo(CommandTable table)
    {
        const CommandFlags Flags = CommandFlags.Loading | CommandFlags.Subscribed;
        table.Add("subscribe", -2, Flags, static call => Enter(call, call.Client.Channels, "subscribe"));
        table.Add("psubscribe", -2, Flags, static call => Enter(call, call.Client.Patterns, "psubscribe"));
        table.Add("unsubscribe", -1, Flags, static call => Leave(call, call.Client.Channels, "unsubscribe"));
        table.Add("punsubscribe", -1, Flags, static call => Leave(call, call.Client.Patterns, "punsubscribe"));
        table.Add(
            "publish",
            3,
            CommandFlags.Loading | CommandFlags.MayReplicate,
            static call => call.Reply.Integer(call.Server.PubSub.Publish(call[1], call[2]))
        );
        table.Add(
            "pubsub|numpat",
            2,
            CommandFlags.Loading,
            static call => call.Reply.Integer(call.Server.Clients.All.SelectMany(static client => client.Patterns).Distinct().Count())
        );
    }

    private static void Enter(Call call, List<Blob> names, string kind)
    {
        for (var i = 1; i < call.Count; i++)
        {
            if (!names.Contains(call[i]))
            {
                names.Add(call[i]);
            }

            Confirm(call, kind, call[i]);
        }
    }

    private static void Leave(Call call, List<Blob> names, string kind)
    {
        var leaving = call.Count > 1 ? Enumerable.Range(1, call.Count - 1).Select(index => call[index]).ToList() : [.. names];
        foreach (var name in leaving)
        {
            _ = names.Remove(name);
            Confirm(call, kind, name);
        }

        if (leaving.Count == 0)
        {
            Confirm(call, kind, name: null);
        }
    }

    private static void Confirm(Call call, string kind, Blob? name)
    {
        call.Reply.Push(3);
        call.Reply.Bulk(kind);
        if (name is { } known)
        {
            call.Reply.Bulk(known);
        }
        else
        {
            call.Reply.Null();
        }

        call.Reply.Integer(call.Client.Channels.Count + call.Client.Patterns.Count);
    }
}
