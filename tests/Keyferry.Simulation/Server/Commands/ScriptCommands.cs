using System.Security.Cryptography;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>Scripts cannot run here; a test registers what each script of the engine does.</summary>
internal sealed class ScriptRegistry
{
    private readonly List<(Func<string, bool> Matches, Action<ScriptCall> Run)> _handlers = [];
    private readonly Dictionary<string, string> _loaded = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Says what the scripts do whose text <paramref name="matches"/>.</summary>
    public void Register(Func<string, bool> matches, Action<ScriptCall> run) => _handlers.Add((matches, run));

    /// <summary>Forgets what SCRIPT LOAD and EVAL brought.</summary>
    public void ForgetLoaded() => _loaded.Clear();

    internal string Load(string body)
    {
        var digest = Digest(body);
        _loaded[digest] = body;
        return digest;
    }

    internal bool IsLoaded(string digest) => _loaded.ContainsKey(digest);

    internal string Find(string digest) =>
        _loaded.GetValueOrDefault(digest) ?? throw new CommandError("NOSCRIPT No matching script. Please use EVAL.");

    internal void Run(string body, ScriptCall call)
    {
        var (_, run) = _handlers.Find(handler => handler.Matches(body));
        if (run is null)
        {
            throw new CommandError("ERR no handler is registered for this script in the simulation");
        }

        run(call);
    }

    /// <summary>Redis names scripts by their SHA-1.</summary>
    private static string Digest(string body)
    {
        Blob text = body;
        return Convert.ToHexStringLower(SHA1.HashData(text.Span));
    }
}

/// <summary>A script being run: its keys and arguments, and the server to act on.</summary>
internal sealed record ScriptCall(Call Call, Blob[] Keys, Blob[] Arguments)
{
    public SimServer Server => Call.Server;

    public ReplyWriter Reply => Call.Reply;

    /// <summary>The key's DUMP payload, or <see langword="null"/>, as <c>redis.call('DUMP', key)</c> gives it.</summary>
    public byte[]? Dump(Blob key) => Server.Keyspace.Find(key) is { } entry ? Server.Payload.Dump(entry.Value) : null;

    /// <summary>The key's PEXPIRETIME.</summary>
    public long ExpiresAt(Blob key) => Server.Keyspace.Find(key) is { } entry ? entry.ExpiresAt ?? -1 : -2;
}

/// <summary>EVAL and SCRIPT.</summary>
internal static class ScriptCommands
{
    public static void AddTo(CommandTable table)
    {
        // A plain EVAL may write, so a write pause holds it; the _RO forms are let through.
        table.Add("eval", -3, CommandFlags.MayReplicate, static call => Eval(call, Load(call)));
        table.Add("eval_ro", -3, CommandFlags.None, static call => Eval(call, Load(call)));
        table.Add("evalsha", -3, CommandFlags.MayReplicate, static call => Eval(call, call.Server.Scripts.Find(call[1].ToString())));
        table.Add("evalsha_ro", -3, CommandFlags.None, static call => Eval(call, call.Server.Scripts.Find(call[1].ToString())));
        table.Add("script|load", 3, CommandFlags.None, static call => call.Reply.Bulk(call.Server.Scripts.Load(call[2].ToString())));
        table.Add("script|exists", -3, CommandFlags.None, Exists);
        table.Add("script|flush", -2, CommandFlags.None, Flush);
    }

    private static string Load(Call call)
    {
        _ = call.Server.Scripts.Load(call[1].ToString());
        return call[1].ToString();
    }

    private static void Eval(Call call, string body)
    {
        var keys = call.Integer(2);
        if (keys < 0 || keys > call.Count - 3)
        {
            throw new CommandError(
                keys < 0 ? "ERR Number of keys can't be negative" : "ERR Number of keys can't be greater than number of args"
            );
        }

        var arguments = call.Arguments[3..];
        call.Server.Scripts.Run(body, new ScriptCall(call, arguments[..(int)keys].ToArray(), arguments[(int)keys..].ToArray()));
    }

    private static void Exists(Call call)
    {
        call.Reply.Array(call.Count - 2);
        for (var i = 2; i < call.Count; i++)
        {
            call.Reply.Integer(call.Server.Scripts.IsLoaded(call[i].ToString()) ? 1 : 0);
        }
    }

    private static void Flush(Call call)
    {
        call.Server.Scripts.ForgetLoaded();
        call.Reply.Ok();
    }
}
