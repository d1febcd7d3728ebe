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

    /// <summary>Asks for everything that a run does with this side.</summary>
    /// <param name="connection">To that side.</param>
    /// <param name="identity">What it is.</param>
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
        ];
        foreach (var command in needed)
        {
            var reply = await connection.TryCallAsync(stop, command);
            if (reply.IsError && IsRefusal(reply.Text, Array.IndexOf(Comparing, command) >= 0))
            {
                missing.Add(System.Text.Encoding.ASCII.GetString(command[0].Bytes.Span));
                said = said.Length == 0 ? reply.Text : said;
            }
        }

        return (missing, said);
    }

    /// <summary>Whether a reply means that the command cannot be used. A comparison asks for a type's form only where there is a value of that type.</summary>
    private static bool IsRefusal(string reply, bool onlyForSomeValues) =>
        reply.StartsWith("NOPERM", StringComparison.Ordinal)
        || (!onlyForSomeValues && reply.Contains("unknown command", StringComparison.OrdinalIgnoreCase));
}
