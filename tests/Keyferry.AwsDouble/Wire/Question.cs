using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Keyferry.AwsDouble.Wire;

/// <summary>One request as a service sees it. Whatever it does not take out by name is refused: the double knows no parameter that AWS does not.</summary>
public sealed class Question(string service, string region, string action, IReadOnlyDictionary<string, string> parameters, JsonObject? json)
{
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public string Service => service;

    public string Region => region;

    public string Action => action;

    /// <summary>The body in the JSON protocol.</summary>
    public JsonObject Json => json ?? [];

    public IReadOnlyDictionary<string, string> Parameters => parameters;

    public string? Get(string name)
    {
        _ = _asked.Add(name);
        return parameters.GetValueOrDefault(name);
    }

    public string Need(string name) =>
        Get(name) is { Length: > 0 } value
            ? value
            : throw new RefusalException("InvalidParameterValue", $"The parameter {name} must be provided and must not be blank.");

    public bool Flag(string name, bool fallback = false) =>
        Get(name) switch
        {
            null => fallback,
            "true" => true,
            "false" => false,
            var other => throw new RefusalException("MalformedInput", $"\"{other}\" is no Boolean ({name})"),
        };

    public int? Number(string name) =>
        Get(name) is not { } text ? null
        : int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value
        : throw new RefusalException("MalformedInput", $"\"{text}\" is no number ({name})");

    /// <summary>A list: <c>Name.Item.1</c>, or <c>Name.member.1</c>, which every service takes too.</summary>
    public IReadOnlyList<string> List(string name, string item)
    {
        var found = new SortedDictionary<int, string>();
        foreach (var (key, value) in parameters)
        {
            var match = Regex.Match(key, $@"^{Regex.Escape(name)}\.(?:{item}|member)\.(\d+)$", RegexOptions.None, TimeSpan.FromSeconds(1));
            if (match.Success)
            {
                _ = _asked.Add(key);
                found[int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)] = value;
            }
        }

        return [.. found.Values];
    }

    /// <summary>A list of structures: <c>Name.Item.1.Field</c>.</summary>
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Structures(string name, string item)
    {
        var found = new SortedDictionary<int, Dictionary<string, string>>();
        foreach (var (key, value) in parameters)
        {
            var match = Regex.Match(
                key,
                $@"^{Regex.Escape(name)}\.(?:{item}|member)\.(\d+)\.([\w.]+)$",
                RegexOptions.None,
                TimeSpan.FromSeconds(1)
            );
            if (match.Success)
            {
                _ = _asked.Add(key);
                var index = int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
                if (!found.TryGetValue(index, out var fields))
                {
                    found[index] = fields = [];
                }

                fields[match.Groups[2].Value] = value;
            }
        }

        return [.. found.Values];
    }

    /// <summary>Refuses what nobody asked for. Called before anything is changed.</summary>
    public void NothingElse()
    {
        var strange = parameters.Keys.FirstOrDefault(key => key is not ("Action" or "Version") && !_asked.Contains(key));
        if (strange is not null)
        {
            throw new RefusalException("MalformedInput", $"Unexpected parameter {strange} of {action}");
        }
    }
}
