using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cutover;

/// <summary>A client of a server, as <c>CLIENT LIST</c> shows it.</summary>
/// <param name="Id">The server's id of its connection.</param>
/// <param name="Address">Where it comes from.</param>
/// <param name="Name">What it calls itself; may be empty.</param>
/// <param name="User">The ACL user that it has logged in as; may be empty.</param>
/// <param name="Command">What it has run last, in lower case (<c>set</c>, <c>client|list</c>).</param>
/// <param name="IdleSeconds">For how long it has run nothing.</param>
internal sealed record SourceClient(long Id, string Address, string Name, string User, string Command, long IdleSeconds)
{
    /// <summary>In words, for messages.</summary>
    public override string ToString() =>
        $"{(Name.Length > 0 ? Name : "a client without a name")} at {Address}{(User.Length > 0 ? $" as {User}" : "")}";
}

/// <summary>Finds and disconnects clients of a server that are neither Keyferry's nor replicas.</summary>
internal static class SourceClients
{
    /// <summary>The clients.</summary>
    /// <exception cref="ServerErrorException">The user may not ask.</exception>
    public static async ValueTask<IReadOnlyList<SourceClient>> ListAsync(RespConnection connection, CancellationToken stop)
    {
        var list = (await connection.CallAsync(stop, "CLIENT", "LIST")).Text;
        var clients = new List<SourceClient>();
        foreach (var line in list.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ').Select(static field => field.Split('=', 2)).Where(static pair => pair.Length == 2);
            var known = fields.DistinctBy(static pair => pair[0]).ToDictionary(static pair => pair[0], static pair => pair[1].Trim());
            var flags = known.GetValueOrDefault("flags", "");
            // S: a replica; M: a primary that we replicate from.
            if (
                known.GetValueOrDefault("name", "").StartsWith("keyferry:", StringComparison.Ordinal)
                || flags.Contains('S')
                || flags.Contains('M')
            )
            {
                continue;
            }

            clients.Add(
                new SourceClient(
                    Number(known, "id"),
                    known.GetValueOrDefault("addr", "?"),
                    known.GetValueOrDefault("name", ""),
                    known.GetValueOrDefault("user", ""),
                    known.GetValueOrDefault("cmd", ""),
                    Number(known, "idle")
                )
            );
        }

        return clients;
    }

    /// <summary>Disconnects every client, so that a write that is held back for one is dropped instead of executed, and its sender hears nothing of success.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="ServerErrorException">The user may not.</exception>
    public static async ValueTask<int> DisconnectAsync(ServerConnector server, CancellationToken stop)
    {
        await using var connection = await server.ConnectAsync("disconnect", stop);
        var clients = await ListAsync(connection, stop);
        foreach (var client in clients)
        {
            connection.Write("CLIENT", "KILL", "ID", client.Id);
        }

        await connection.FlushAsync(stop);
        foreach (var _ in clients)
        {
            var reply = RespValue.Of((await connection.ReadAsync(stop)).Span);
            // One that has left by itself meanwhile is as good.
            if (reply.IsDenied)
            {
                throw new ServerErrorException(reply.Text, "CLIENT KILL");
            }
        }

        return clients.Count;
    }

    private static long Number(Dictionary<string, string> known, string field) =>
        long.TryParse(known.GetValueOrDefault(field), out var number) ? number : 0;
}
