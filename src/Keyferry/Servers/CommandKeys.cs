using System.Collections.Frozen;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Where the key of a command stands, and what may be done with the command in a cluster.</summary>
internal static class CommandKeys
{
    private const int LongestName = 24;

    /// <summary>Commands without a key, which go to the home node.</summary>
    private static readonly string[] Keyless =
    [
        .. (string[])["PING", "ECHO", "AUTH", "HELLO", "CLIENT", "INFO", "TIME", "SCAN", "DBSIZE", "CONFIG", "COMMAND", "ACL", "CLUSTER"],
        .. (string[])["ROLE", "LASTSAVE", "SCRIPT", "FUNCTION", "LATENCY", "SLOWLOG", "MODULE", "WAIT", "PUBLISH", "RANDOMKEY", "KEYS"],
        .. (string[])["FLUSHALL", "FLUSHDB", "SWAPDB", "READONLY", "READWRITE"],
    ];

    /// <summary>Commands that may be asked again elsewhere, because they change nothing.</summary>
    private static readonly string[] Reading =
    [
        .. (string[])["DUMP", "PEXPIRETIME", "EXPIRETIME", "PTTL", "TTL", "TYPE", "EXISTS", "STRLEN", "GETRANGE", "GET", "LLEN", "LRANGE"],
        .. (string[])["HLEN", "HSCAN", "HGETALL", "HGET", "HMGET", "HKEYS", "HPEXPIRETIME", "HEXPIRETIME", "HPTTL", "HTTL", "SCARD"],
        .. (string[])
            ["SSCAN", "SMEMBERS", "SISMEMBER", "ZCARD", "ZSCAN", "ZRANGE", "ZRANGEBYSCORE", "ZRANGEBYLEX", "ZSCORE", "XLEN", "XRANGE"],
        .. (string[])["XREVRANGE", "XPENDING", "OBJECT", "MEMORY", "XINFO", "DEBUG", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"],
    ];

    private static readonly FrozenDictionary<string, CommandShape> Shapes = All();

    private static readonly FrozenDictionary<string, CommandShape>.AlternateLookup<ReadOnlySpan<char>> ByName = Shapes.GetAlternateLookup<
        ReadOnlySpan<char>
    >();

    /// <summary>Looks at a whole command.</summary>
    /// <param name="command">Its bytes.</param>
    /// <param name="key">Its first key; empty where it has none.</param>
    /// <returns>What may be done with it.</returns>
    public static CommandShape Of(ReadOnlySpan<byte> command, out ReadOnlySpan<byte> key)
    {
        key = default;
        var reader = new RespReader(command);
        var words = reader.RequireAggregate();
        reader.Require();
        var shape = ShapeOf(reader.Bytes);
        if (shape.Kind == CommandKind.Keyless)
        {
            return words > 1 && shape.HasStates ? Subcommand(reader, shape) : shape;
        }

        if (shape.KeyAt == 0 || words <= shape.KeyAt)
        {
            return shape with { Kind = shape.Kind == CommandKind.Keyed ? CommandKind.Keyless : shape.Kind };
        }

        for (var i = 0; i < shape.KeyAt; i++)
        {
            reader.Require();
            if (shape.CountsKeys && i == 1 && reader.Integer == 0)
            {
                return shape with { Kind = CommandKind.Keyless };
            }
        }

        key = reader.Bytes;
        return shape;
    }

    /// <summary>CLIENT and SCRIPT have subcommands that change how the connection or the node behaves from then on.</summary>
    private static CommandShape Subcommand(RespReader reader, CommandShape shape)
    {
        reader.Require();
        return Is(reader.Bytes, "NO-TOUCH") || Is(reader.Bytes, "NO-EVICT") || Is(reader.Bytes, "IMPORT-SOURCE") || Is(reader.Bytes, "LOAD")
            ? shape with
            {
                Kind = CommandKind.State,
            }
            : shape;
    }

    private static bool Is(ReadOnlySpan<byte> word, string name) => System.Text.Ascii.EqualsIgnoreCase(word, name);

    private static CommandShape ShapeOf(ReadOnlySpan<byte> name)
    {
        Span<char> letters = stackalloc char[LongestName];
        if (name.Length > LongestName)
        {
            return CommandShape.Usual;
        }

        for (var i = 0; i < name.Length; i++)
        {
            letters[i] = char.ToUpperInvariant((char)name[i]);
        }

        return ByName.TryGetValue(letters[..name.Length], out var shape) ? shape : CommandShape.Usual;
    }

    private static FrozenDictionary<string, CommandShape> All()
    {
        var shapes = new Dictionary<string, CommandShape>(StringComparer.Ordinal);
        foreach (var name in Keyless)
        {
            shapes[name] = new CommandShape(CommandKind.Keyless, 0) { HasStates = name is "CLIENT" or "SCRIPT" };
        }

        foreach (var name in Reading)
        {
            shapes[name] = new CommandShape(CommandKind.Keyed, 1) { Reads = true };
        }

        foreach (var name in (string[])["OBJECT", "MEMORY", "XINFO", "DEBUG", "XGROUP", "BITOP"])
        {
            shapes[name] = new CommandShape(CommandKind.Keyed, 2) { Reads = name is not ("XGROUP" or "BITOP") };
        }

        foreach (var name in (string[])["EVAL", "EVALSHA", "FCALL", "EVAL_RO", "EVALSHA_RO", "FCALL_RO"])
        {
            shapes[name] = new CommandShape(CommandKind.Keyed, 3)
            {
                CountsKeys = true,
                Reads = name.EndsWith("_RO", StringComparison.Ordinal),
            };
        }

        // As Keyferry sends it: XREADGROUP GROUP group consumer STREAMS key id.
        shapes["XREADGROUP"] = new CommandShape(CommandKind.Keyed, 5);
        shapes["SELECT"] = new CommandShape(CommandKind.Select, 1);
        shapes["MULTI"] = new CommandShape(CommandKind.Multi, 0);
        shapes["EXEC"] = new CommandShape(CommandKind.Exec, 0);
        shapes["DISCARD"] = new CommandShape(CommandKind.Exec, 0);
        return shapes.ToFrozenDictionary();
    }
}

/// <summary>What a command is to a cluster.</summary>
internal enum CommandKind
{
    /// <summary>It goes to the owner of its key.</summary>
    Keyed,

    /// <summary>It goes to the home node.</summary>
    Keyless,

    /// <summary>It goes to the home node, and without being asked to every other that is used from then on.</summary>
    State,

    /// <summary>SELECT.</summary>
    Select,

    /// <summary>MULTI, which goes where the first key behind it is.</summary>
    Multi,

    /// <summary>EXEC or DISCARD, which goes where MULTI went.</summary>
    Exec,
}

/// <summary>What may be done with a command in a cluster.</summary>
/// <param name="Kind">Where it goes.</param>
/// <param name="KeyAt">Which word is its first key, the name being word 0; 0 for none.</param>
internal readonly record struct CommandShape(CommandKind Kind, int KeyAt)
{
    /// <summary>Commands that are not known here have their key behind the name, and may write.</summary>
    public static readonly CommandShape Usual = new(CommandKind.Keyed, 1);

    /// <summary>It changes nothing, so that it may be asked again elsewhere.</summary>
    public bool Reads { get; init; }

    /// <summary>The number of keys stands before them.</summary>
    public bool CountsKeys { get; init; }

    /// <summary>It has subcommands that are <see cref="CommandKind.State"/>.</summary>
    public bool HasStates { get; init; }
}
