using System.Globalization;

namespace Keyferry.Simulation.Server;

/// <summary>What CONFIG GET and SET know.</summary>
internal sealed class Configuration(ServerOptions options)
{
    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal)
    {
        ["client-output-buffer-limit"] = options.OutputBufferLimits,
        ["databases"] = options.Databases.ToString(),
        ["maxmemory"] = options.MaxMemory.ToString(),
        ["maxmemory-policy"] = options.Eviction ? "allkeys-random" : "noeviction",
        ["notify-keyspace-events"] = EventFlags.Parse(options.EventFlags)?.ToString() ?? "",
        ["proto-max-bulk-len"] = "536870912",
        ["timeout"] = "0",
    };

    private Dictionary<string, (long Hard, long Soft, int Seconds)> _limits = ParseLimits(options.OutputBufferLimits);

    /// <summary>Which notifications are raised.</summary>
    public EventFlags Events { get; private set; } = EventFlags.Parse(options.EventFlags) ?? new EventFlags("");

    /// <summary>Bytes above which writes are refused or keys evicted; 0 for no limit.</summary>
    public long MaxMemory => long.Parse(_values["maxmemory"], CultureInfo.InvariantCulture);

    public bool Evicts => _values["maxmemory-policy"] != "noeviction";

    /// <summary>The output limits of <c>normal</c> or <c>pubsub</c> clients.</summary>
    public (long Hard, long Soft, int Seconds) LimitOf(string kind) => _limits.GetValueOrDefault(kind);

    /// <summary>The parameters whose names match.</summary>
    public IEnumerable<KeyValuePair<string, string>> Get(Blob pattern) =>
        _values.Where(pair =>
        {
            Blob name = pair.Key;
            Blob lower = pattern.ToString().ToLowerInvariant();
            return Glob.Matches(lower.Span, name.Span);
        });

    /// <exception cref="CommandError">The parameter is unknown or the value is refused; nothing is changed.</exception>
    public void Set(string name, string value)
    {
        name = name.ToLowerInvariant();
        if (!_values.ContainsKey(name))
        {
            throw new CommandError($"ERR Unknown option or number of arguments for CONFIG SET - '{name}'");
        }

        switch (name)
        {
            case "notify-keyspace-events":
                Events = EventFlags.Parse(value) ?? throw Refused(name, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
                _values[name] = Events.ToString();
                return;
            case "databases":
                throw Refused(name, "can't set immutable config");
            case "client-output-buffer-limit":
                foreach (var (kind, limit) in ParseLimits(value))
                {
                    _limits[kind] = limit;
                }

                _values[name] = string.Join(
                    ' ',
                    _limits.Select(static pair => $"{pair.Key} {pair.Value.Hard} {pair.Value.Soft} {pair.Value.Seconds}")
                );
                return;
            default:
                _values[name] = ParseMemory(value)?.ToString() ?? value;
                return;
        }
    }

    private static CommandError Refused(string name, string why) =>
        new($"ERR CONFIG SET failed (possibly related to argument '{name}') - {why}");

    private static long? ParseMemory(string value)
    {
        var digits = value.TrimEnd('b', 'B', 'k', 'K', 'm', 'M', 'g', 'G');
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return null;
        }

        return value[digits.Length..].ToLowerInvariant() switch
        {
            "" or "b" => number,
            "k" => number * 1000,
            "kb" => number << 10,
            "m" => number * 1_000_000,
            "mb" => number << 20,
            "g" => number * 1_000_000_000,
            _ => number << 30,
        };
    }

    private static Dictionary<string, (long Hard, long Soft, int Seconds)> ParseLimits(string text)
    {
        var limits = new Dictionary<string, (long, long, int)>(StringComparer.Ordinal);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (var i = 0; i + 3 < words.Length; i += 4)
        {
            limits[words[i]] = (
                ParseMemory(words[i + 1]) ?? 0,
                ParseMemory(words[i + 2]) ?? 0,
                int.Parse(words[i + 3], CultureInfo.InvariantCulture)
            );
        }

        return limits;
    }
}
