using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Lanes;

/// <summary>What kind of trouble an error is: the key's own, one that passes, or one that only a person can mend.</summary>
internal static class LaneTrouble
{
    /// <summary>Whether the target does not read this payload, so that the value may still be moved by commands.</summary>
    public static bool IsOfThePayload(string reply) =>
        reply.StartsWith("ERR Bad data format", StringComparison.Ordinal)
        || reply.StartsWith("ERR DUMP payload version or checksum", StringComparison.Ordinal)
        || reply.StartsWith("ERR RESTORE currently only supports", StringComparison.Ordinal);

    /// <summary>Whether the target refused this one value as such, so that others may still pass.</summary>
    public static bool IsOfTheKey(string reply) =>
        reply.StartsWith("ERR Invalid TTL", StringComparison.Ordinal) || reply.StartsWith("WRONGTYPE", StringComparison.Ordinal);

    /// <summary>Whether waiting and trying again may help: the server is busy, full, loading, or changing roles.</summary>
    public static bool Passes(string reply) =>
        Code(reply)
            is "OOM"
                or "LOADING"
                or "BUSY"
                or "MASTERDOWN"
                or "CLUSTERDOWN"
                or "TRYAGAIN"
                or "READONLY"
                or "MISCONF"
                or "NOREPLICAS"
                or "UNBLOCKED";

    /// <summary>What a lasting refusal means and what to do.</summary>
    public static KeyferryException Lasting(ServerErrorException refused, string role, Endpoint endpoint) =>
        refused.IsDenied
            ? new KeyferryException(
                FailureKind.Failed,
                $"The {role} {endpoint} does not permit {refused.Command} to this user ({refused.Reply.TrimEnd('.')}).",
                $"Give the user {refused.Right} and access to all keys, then start again.",
                refused
            )
            : new KeyferryException(
                FailureKind.Failed,
                $"The {role} {endpoint} refused {refused.Command}: {refused.Reply}.",
                "Nothing was lost on the source; mend the cause and start again.",
                refused
            );

    /// <summary>In words, for the progress display.</summary>
    public static string Describe(string reply, string role) =>
        Code(reply) switch
        {
            "OOM" => $"the {role} is out of memory (OOM)",
            "READONLY" => $"the {role} is read-only (a replica now?)",
            "LOADING" => $"the {role} is loading its data",
            "BUSY" => $"the {role} is busy with a script",
            "MISCONF" => $"the {role} refuses writes because it cannot save to disk (MISCONF)",
            var code => $"the {role} refuses commands ({code})",
        };

    /// <summary>Does a piece of a lane's work, and says of what fails whether the lane may begin anew.</summary>
    /// <param name="connection">The server that is worked with.</param>
    /// <param name="role">What it is called.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="LaneHeldException">The connection was lost, or the server is in a state that may pass.</exception>
    /// <exception cref="KeyferryException">The server refuses for a reason that will last.</exception>
    public static async ValueTask GuardAsync(RespConnection connection, string role, Func<ValueTask> work)
    {
        try
        {
            await work();
        }
        catch (IOException lost)
        {
            throw new LaneHeldException($"the {role} cannot be reached: {lost.Message}", lost);
        }
        catch (ServerErrorException refused) when (Passes(refused.Reply))
        {
            throw new LaneHeldException(Describe(refused.Reply, role), refused);
        }
        catch (ServerErrorException refused)
        {
            throw Lasting(refused, role, connection.Endpoint);
        }
    }

    private static string Code(string reply) => reply.IndexOf(' ') is var space and >= 0 ? reply[..space] : reply;
}
