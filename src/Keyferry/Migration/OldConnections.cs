using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Ends the connections that a killed process of the same run has left on the target: what they still hold unread could otherwise be executed after newer
/// writes.</summary>
internal static class OldConnections
{
    /// <summary>Kills every connection on every node of the target that bears the run's name, but this one.</summary>
    /// <returns><see langword="null"/> when that was done, else why it was not.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask<string?> EndAsync(ServerConnector target, CancellationToken stop)
    {
        foreach (var node in target.Nodes)
        {
            if (await EndAtAsync(node, stop) is { } refused)
            {
                return refused;
            }
        }

        return null;
    }

    private static async ValueTask<string?> EndAtAsync(ServerConnector target, CancellationToken stop)
    {
        await using var connection = await target.ConnectAsync("resume", stop);
        var list = await connection.TryCallAsync(stop, "CLIENT", "LIST");
        if (list.IsError)
        {
            return list.Text;
        }

        foreach (var line in list.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var fields = line.Split(' ');
            var id = Array.Find(fields, static field => field.StartsWith("id=", StringComparison.Ordinal))?[3..];
            var isOurs = Array.Exists(fields, field => field.StartsWith($"name={target.NamePrefix}:", StringComparison.Ordinal));
            if (!isOurs || !long.TryParse(id, out var number) || number == connection.ClientId)
            {
                continue;
            }

            var killed = await connection.TryCallAsync(stop, "CLIENT", "KILL", "ID", number);
            if (killed.IsError)
            {
                return killed.Text;
            }
        }

        return null;
    }
}
