using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Functions;

/// <summary>Whether the source's functions can be moved, found out before anything is written.</summary>
internal static class FunctionPlan
{
    /// <summary>What a run does on the target, with arguments that let nothing come of it.</summary>
    private static readonly (string Command, string Argument)[] Writing =
    [
        ("RESTORE", "no payload"),
        ("LOAD", "no code"),
        ("DELETE", "keyferry:{no-such-library}"),
    ];

    /// <summary>What there is to say of functions that are not moved; <see langword="null"/> where the source has none.</summary>
    public static async ValueTask<string?> LeftBehindAsync(RespConnection source, CancellationToken stop)
    {
        try
        {
            return (await FunctionLibrary.ListAsync(source, stop)).Count is > 0 and var count
                ? $"functions ({count:#,0} {(count == 1 ? "library" : "libraries")}): --functions moves them"
                : null;
        }
        catch (ServerErrorException refused)
        {
            // Before 7.0 there are none.
            return refused.Code == "NOPERM" ? "functions, if there are any: --functions moves them, and needs +function|list" : null;
        }
    }

    /// <summary>Judges a run that is to move them.</summary>
    /// <exception cref="IOException">A server is lost.</exception>
    public static async ValueTask JudgeAsync(
        ServerConnector source,
        ServerConnector target,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        if (await TryListAsync(source, refuse, stop) is not { } wanted || await TryListAsync(target, refuse, stop) is not { } found)
        {
            return;
        }

        foreach (var library in wanted)
        {
            JudgeLibrary(library, found, refuse);
        }

        await using var connection = await target.ConnectAsync("plan", stop);
        foreach (var (command, argument) in Writing)
        {
            if (await connection.TryCallAsync(stop, "FUNCTION", command, argument) is { IsDenied: true } refused)
            {
                refuse(
                    $"The target {target.Endpoint} does not let this user run FUNCTION {command}: {refused.Text.TrimEnd('.')}.",
                    "Give the user the rights: ACL SETUSER NAME +function|list +function|restore +function|load +function|delete."
                );
            }
        }
    }

    private static void JudgeLibrary(FunctionLibrary library, List<FunctionLibrary> found, Action<string, string> refuse)
    {
        if (found.Find(one => one.Name == library.Name && !one.IsSameAs(library)) is not null)
        {
            refuse(
                $"The target has another library of functions called {library.Name}.",
                $"Which of them is right is for you to say: FUNCTION DELETE {library.Name} on the target, or on the source; or leave --functions out."
            );
        }

        foreach (var other in found.Where(one => one.Name != library.Name && one.Functions.Intersect(library.Functions).Any()))
        {
            refuse(
                $"The target's library {other.Name} has a function of the same name as one of the source's library {library.Name} ({other.Functions.Intersect(library.Functions).First()}).",
                $"A server has one function of a name: FUNCTION DELETE {other.Name} on the target, or leave --functions out."
            );
        }
    }

    /// <summary>All libraries of all primaries.</summary>
    private static async ValueTask<List<FunctionLibrary>?> TryListAsync(
        ServerConnector side,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        var all = new List<FunctionLibrary>();
        foreach (var node in side.Nodes)
        {
            await using var connection = await node.ConnectAsync("plan", stop);
            try
            {
                var libraries = await FunctionLibrary.ListAsync(connection, stop);
                if (side.Role == "source" && node != side.Nodes[0] && !FunctionMover.AreSame(libraries, all))
                {
                    refuse(
                        "The primaries of the source do not have the same functions.",
                        "Load them on every primary, as a cluster needs them; FUNCTION LIST shows what each has."
                    );
                }

                all.AddRange(libraries.Values.Where(library => !all.Exists(library.IsSameAs)));
            }
            catch (ServerErrorException refused) when (refused.Code == "NOPERM")
            {
                refuse(
                    $"The {side.Role} {node.Endpoint} does not let this user list functions: {refused.Reply.TrimEnd('.')}.",
                    "Give the user the right: ACL SETUSER NAME +function|list; on the source +function|dump as well."
                );
                return null;
            }
            catch (ServerErrorException refused)
            {
                refuse(
                    $"The {side.Role} {node.Endpoint} knows no functions ({refused.Reply.TrimEnd('.')}); they exist from Redis 7.0 on.",
                    side.Role == "source"
                        ? "Leave --functions out: there are none to move."
                        : "Choose a newer target, or leave --functions out."
                );
                return null;
            }
        }

        return all;
    }
}
