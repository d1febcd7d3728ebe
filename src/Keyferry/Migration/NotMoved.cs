using Keyferry.Functions;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>What a server has beside its keys, and what a run does not move of it: the operator has to know before the clients are switched.</summary>
internal static class NotMoved
{
    private static readonly string[] Never =
    [
        "scripts (SCRIPT LOAD, EVALSHA): clients load them again where they are missing",
        "ACL users and their passwords",
        "the configuration of the server, notification flags included",
    ];

    /// <summary>Names it, and judges the functions where they are to be moved.</summary>
    /// <exception cref="IOException">A server is lost.</exception>
    public static async ValueTask<IReadOnlyList<string>> FindAsync(
        MigrationOptions options,
        ServerConnector source,
        ServerConnector target,
        RespConnection from,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        if (options.Functions)
        {
            await FunctionPlan.JudgeAsync(source, target, refuse, stop);
            return Never;
        }

        return await FunctionPlan.LeftBehindAsync(from, stop) is { } functions ? [functions, .. Never] : Never;
    }
}
