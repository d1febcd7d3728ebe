using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Finds out what a user may not do that a run needs, by asking for keys that do not exist; nothing is written.</summary>
/// <remarks>The lists are those of <c>docs/operate/permissions.md</c>; a test holds them together.</remarks>
internal static class RightsCheck
{
    private static readonly RespArgument Probe = "keyferry:{probe}";

    /// <summary>What moves keys: without them nothing goes.</summary>
    private static readonly RespArgument[][] Moving =
    [
        ["TIME"],
        ["SELECT", 0],
        ["SCAN", "0", "COUNT", "1"],
        ["EXISTS", Probe],
        ["TYPE", Probe],
        ["DUMP", Probe],
    ];

    /// <summary>What compares values that are not the same byte for byte, in the form of each type.</summary>
    private static readonly RespArgument[][] Comparing =
    [
        .. (RespArgument[][])
            [
                ["GET", Probe],
                ["STRLEN", Probe],
                ["GETRANGE", Probe, 0, 0],
            ],
        .. (RespArgument[][])
            [
                ["LLEN", Probe],
                ["LRANGE", Probe, 0, 0],
            ],
        .. (RespArgument[][])
            [
                ["SCARD", Probe],
                ["SMEMBERS", Probe],
                ["SSCAN", Probe, 0],
                ["SISMEMBER", Probe, "m"],
            ],
        .. (RespArgument[][])
            [
                ["HLEN", Probe],
                ["HGETALL", Probe],
                ["HSCAN", Probe, 0],
                ["HMGET", Probe, "f"],
            ],
        .. (RespArgument[][])
            [
                ["ZCARD", Probe],
                ["ZRANGE", Probe, 0, 0],
            ],
        .. (RespArgument[][])
            [
                ["XRANGE", Probe, "-", "+"],
                ["XPENDING", Probe, "g"],
                ["XINFO", "STREAM", Probe],
            ],
    ];

    /// <summary>What the nodes of a cluster are asked beside keys.</summary>
    private static readonly RespArgument[][] Routing =
    [
        ["CLUSTER", "SLOTS"],
        ["CLUSTER", "INFO"],
        ["ASKING"],
    ];

    /// <summary>Asks every primary of a side, since each has users of its own.</summary>
    /// <param name="side">The side.</param>
    /// <param name="identity">What it is.</param>
    /// <param name="compares">Whether both sides are compared.</param>
    /// <param name="refuse">Told of what is missing, and where.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="Model.KeyferryException">A primary cannot be reached.</exception>
    /// <exception cref="IOException">A connection is lost.</exception>
    public static async ValueTask JudgeAsync(
        ServerConnector side,
        ServerIdentity identity,
        bool compares,
        Action<string, string> refuse,
        CancellationToken stop
    )
    {
        var denied = new List<(string Node, string Missing, string Said)>();
        foreach (var node in side.Nodes)
        {
            await using var connection = await node.ConnectAsync("plan", stop);
            var (missing, said) = await FindAsync(connection, identity, side.Role == "target", compares, stop);
            if (missing.Count > 0)
            {
                denied.Add(($"{node.Endpoint}", string.Join(", ", missing), said));
            }
        }

        foreach (var alike in denied.GroupBy(static one => one.Missing))
        {
            var nodes = string.Join(", ", alike.Select(static one => one.Node));
            refuse(
                $"The {side.Role} {nodes} does not let this user run {alike.Key}: {alike.First().Said.TrimEnd('.')}.",
                alike.First().Said.StartsWith("NOPERM", StringComparison.Ordinal)
                    ? $"Give the user the rights{(identity.IsCluster ? " there" : "")}: {Rules(alike.Key.Split(", "))}."
                    : "Name a server that has these commands under their own names (rename-command), or a proxy that lets them through."
            );
        }
    }

    /// <summary>What gives a user the right to run commands, as an operator types it.</summary>
    public static string Rules(IEnumerable<string> missing) =>
        $"ACL SETUSER NAME {string.Join(' ', missing.Select(static name => $"+{name.ToLowerInvariant().Replace(' ', '|')}"))}, and access to all keys: ~*";

    /// <summary>Asks for everything that a run does with a node of this side.</summary>
    /// <param name="connection">To that node alone.</param>
    /// <param name="identity">What the side is.</param>
    /// <param name="writes">Whether it is written to.</param>
    /// <param name="compares">Whether both sides are compared.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The names of the commands that were refused, and what the server said to the first of them.</returns>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask<(IReadOnlyList<string> Missing, string Said)> FindAsync(
        RespConnection connection,
        ServerIdentity identity,
        bool writes,
        bool compares,
        CancellationToken stop
    )
    {
        var missing = new List<string>();
        var said = "";
        IEnumerable<RespArgument[]> needed =
        [
            .. Moving,
            [identity.HasPExpireTime ? "PEXPIRETIME" : "PTTL", Probe],
            .. compares ? Comparing : [],
            .. compares && identity.HasHashFieldExpiry
                ? (RespArgument[][])
                    [
                        ["HPEXPIRETIME", Probe, "FIELDS", 1, "f"],
                    ]
                : [],
            // An empty payload is refused as damaged, after the right to run RESTORE was checked: nothing is written.
            .. writes
                ? (RespArgument[][])
                    [
                        ["UNLINK", Probe],
                        ["RESTORE", Probe, 0, ""],
                    ]
                : [],
            .. identity.IsCluster ? Routing : [],
        ];
        foreach (var command in needed)
        {
            var reply = await connection.TryCallAsync(stop, command);
            if (
                reply.IsError
                && IsRefusal(reply.Text, orUnknown: Array.IndexOf(Comparing, command) < 0 && Array.IndexOf(Routing, command) < 0)
            )
            {
                missing.Add(NameOf(command));
                said = said.Length == 0 ? reply.Text : said;
            }
        }

        return (missing, said);
    }

    /// <summary>As rights are given: CLUSTER by its subcommands, XINFO as a whole.</summary>
    private static string NameOf(RespArgument[] command)
    {
        string Word(int at) => System.Text.Encoding.ASCII.GetString(command[at].Bytes.Span);
        return Word(0) == "CLUSTER" ? $"{Word(0)} {Word(1)}" : Word(0);
    }

    /// <summary>Whether a reply means that the command cannot be used. A comparison asks for a type's form only where there is a value of that type, and not every service
    /// that routes by slots has all that a cluster has.</summary>
    private static bool IsRefusal(string reply, bool orUnknown) =>
        reply.StartsWith("NOPERM", StringComparison.Ordinal)
        || (orUnknown && reply.Contains("unknown command", StringComparison.OrdinalIgnoreCase));
}
