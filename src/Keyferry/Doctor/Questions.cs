using System.Globalization;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Doctor;

/// <summary>Asks one server everything. Reads only: commands that write are tried in a way that changes nothing.</summary>
/// <remarks>Rights are found by trying rather than by asking for them: <c>ACL DRYRUN</c> is newer than many servers, and is itself refused to most users.</remarks>
internal sealed class Questions(RespConnection connection, TimeProvider time)
{
    private const int RoundTrips = 9;
    private const int SampledKeys = 200;
    private const string Probe = "keyferry:{probe}";

    /// <summary>Asks the source.</summary>
    public ValueTask<ServerAnswers> AskSourceAsync(CancellationToken stop) =>
        AskAsync(
            [
                ["SCAN", "0", "COUNT", "1"],
                ["DUMP", Probe],
                ["PTTL", Probe],
                ["TYPE", Probe],
                ["EXISTS", Probe],
                ["TIME"],
                ["EVAL", "return 1", "0"],
                ["OBJECT", "IDLETIME", Probe],
                ["INFO", "commandstats"],
            ],
            samples: true,
            stop
        );

    /// <summary>Asks the target.</summary>
    public ValueTask<ServerAnswers> AskTargetAsync(CancellationToken stop) =>
        AskAsync(
            [
                ["SCAN", "0", "COUNT", "1"],
                ["DUMP", Probe],
                ["PTTL", Probe],
                ["TYPE", Probe],
                ["EXISTS", Probe],
                ["TIME"],
                ["EVAL", "return 1", "0"],
                // A key that is not there is not removed, an empty payload is refused as damaged, and no client has this id.
                ["UNLINK", Probe],
                ["RESTORE", Probe, 0, ""],
                ["CLIENT", "ID"],
                ["CLIENT", "KILL", "ID", "9000000000000000000"],
            ],
            samples: false,
            stop
        );

    private async ValueTask<ServerAnswers> AskAsync(RespArgument[][] commands, bool samples, CancellationToken stop)
    {
        var identity = await ServerConnector.IdentifyAsync(connection, stop);
        var tried = new Dictionary<string, string?>(StringComparer.Ordinal);
        if (identity.HasNoTouch)
        {
            // First, so that what is asked of keys does not count as a use of them.
            tried["CLIENT NO-TOUCH"] = RefusalOf(await connection.TryCallAsync(stop, "CLIENT", "NO-TOUCH", "ON"));
        }

        foreach (var command in commands)
        {
            tried[NameOf(command)] = RefusalOf(await connection.TryCallAsync(stop, command));
        }

        var (sampled, biggest) = samples ? await SampleAsync(stop) : (0, 0);
        var user = await connection.TryCallAsync(stop, "ACL", "WHOAMI");
        return new ServerAnswers
        {
            Identity = identity,
            RoundTrip = await RoundTripAsync(stop),
            User = user.IsError ? null : user.Text,
            Tried = tried,
            Flags = await FlagReading.AskAsync(connection, stop),
            BufferLimits = await SettingAsync("client-output-buffer-limit", stop),
            MostClients = long.TryParse(
                await SettingAsync("maxclients", stop),
                NumberStyles.None,
                CultureInfo.InvariantCulture,
                out var most
            )
                ? most
                : null,
            Clients = await ClientsAsync(stop),
            Modules = Names(await connection.TryCallAsync(stop, "MODULE", "LIST"), "name"),
            Functions = Names(await connection.TryCallAsync(stop, "FUNCTION", "LIST"), "library_name"),
            Sampled = sampled,
            BiggestSampled = biggest,
        };
    }

    private static string NameOf(RespArgument[] command)
    {
        string Word(int i) => System.Text.Encoding.UTF8.GetString(command[i].Bytes.Span);
        return Word(0) is "CLIENT" or "OBJECT" ? $"{Word(0)} {Word(1)}" : Word(0);
    }

    /// <summary>What a server says that does not know a command, or does not let this user run it; other errors come from commands that were let through.</summary>
    private static string? RefusalOf(RespValue reply) =>
        reply.IsError
        && (
            reply.IsDenied
            || reply.Text.Contains("unknown command", StringComparison.OrdinalIgnoreCase)
            || reply.Text.Contains("unknown subcommand", StringComparison.OrdinalIgnoreCase)
            || reply.Text.Contains("not allowed", StringComparison.OrdinalIgnoreCase)
        )
            ? reply.Text.TrimEnd('.')
            : null;

    private async ValueTask<TimeSpan> RoundTripAsync(CancellationToken stop)
    {
        var trips = new TimeSpan[RoundTrips];
        for (var i = 0; i < RoundTrips; i++)
        {
            var began = time.GetTimestamp();
            _ = await connection.TryCallAsync(stop, "PING");
            trips[i] = time.GetElapsedTime(began);
        }

        Array.Sort(trips);
        return trips[RoundTrips / 2];
    }

    private async ValueTask<string?> SettingAsync(string name, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "CONFIG", "GET", name);
        return reply.IsError ? null : reply[name]?.Text;
    }

    private static List<string> Names(RespValue list, string field) =>
        list.IsError ? [] : [.. list.Items.Select(entry => entry[field]?.Text).OfType<string>().Order(StringComparer.Ordinal)];

    private async ValueTask<(int Sampled, long Biggest)> SampleAsync(CancellationToken stop)
    {
        var (sampled, biggest) = (0, 0L);
        for (var i = 0; i < SampledKeys; i++)
        {
            var key = await connection.TryCallAsync(stop, "RANDOMKEY");
            if (key.IsError || key.IsNull)
            {
                break;
            }

            var memory = await connection.TryCallAsync(stop, "MEMORY", "USAGE", key.Bytes, "SAMPLES", 5);
            if (memory.IsError)
            {
                break;
            }

            sampled++;
            biggest = memory.IsNull ? biggest : Math.Max(biggest, memory.Integer);
        }

        return (sampled, biggest);
    }

    private async ValueTask<IReadOnlyList<ClientSeen>?> ClientsAsync(CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "CLIENT", "LIST");
        if (reply.IsError)
        {
            return null;
        }

        var lines = reply
            .Text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(FieldsOf)
            // Ours, replicas, and the primary.
            .Where(static fields =>
                !fields.GetValueOrDefault("name", "").StartsWith("keyferry:", StringComparison.Ordinal)
                && !fields.GetValueOrDefault("flags", "").AsSpan().ContainsAny('S', 'M')
            )
            .ToList();
        var writing = await WritingAsync([.. lines.Select(CommandOf).Distinct(StringComparer.Ordinal)], stop);
        return
        [
            .. lines.Select(fields => new ClientSeen(
                fields.GetValueOrDefault("addr", ""),
                fields.GetValueOrDefault("name", ""),
                fields.GetValueOrDefault("user", ""),
                CommandOf(fields),
                writing.Contains(CommandOf(fields))
            )),
        ];
    }

    private static Dictionary<string, string> FieldsOf(string line)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var field in line.Split(' '))
        {
            if (field.IndexOf('=', StringComparison.Ordinal) is var split and > 0)
            {
                fields[field[..split]] = field[(split + 1)..];
            }
        }

        return fields;
    }

    private static string CommandOf(Dictionary<string, string> fields) => fields.GetValueOrDefault("cmd", "").Split('|')[0];

    private async ValueTask<HashSet<string>> WritingAsync(string[] commands, CancellationToken stop)
    {
        var writing = new HashSet<string>(StringComparer.Ordinal);
        if (commands.Length == 0)
        {
            return writing;
        }

        var reply = await connection.TryCallAsync(stop, ["COMMAND", "INFO", .. commands.Select(static command => (RespArgument)command)]);
        if (reply.IsError)
        {
            return writing;
        }

        foreach (var info in reply.Items.Where(static info => info.Items.Count > 2))
        {
            if (info.Items[2].Items.Any(static flag => flag.Text == "write"))
            {
                _ = writing.Add(info.Items[0].Text);
            }
        }

        return writing;
    }
}
