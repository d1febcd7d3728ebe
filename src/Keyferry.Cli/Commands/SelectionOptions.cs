using System.Collections.ObjectModel;
using System.CommandLine;
using System.Globalization;
using Keyferry.Cli.Input;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary>Which keys a command is about: of which databases, by which names, and of which kinds.</summary>
internal sealed class SelectionOptions
{
    private readonly Option<string?> _databases = new("--databases")
    {
        HelpName = "FROM:TO:PREFIX,...",
        Description =
            "These databases only, each into the one behind its colon, or into the one with its number: 0:3,5. Several may go into one where their names then begin differently: 0:0,1:0:db1: . "
            + "Default: those that the URIs name, or all.",
    };

    private readonly Option<string[]> _include = new("--include")
    {
        HelpName = "GLOB",
        Description =
            "Only keys whose name matches, as in SCAN MATCH (* ? [a-z] and \\ before a character that stands for itself). May be given several times.",
    };

    private readonly Option<string[]> _exclude = new("--exclude")
    {
        HelpName = "GLOB",
        Description = "Not the keys whose name matches; counts more than --include. May be given several times.",
    };

    private readonly Option<string?> _slots = new("--slots")
    {
        HelpName = "SLOTS",
        Description =
            "Only keys in these slots of a cluster: 0-5460,7000. A key has its slot by its name, so they choose on a server alone, too.",
    };

    private readonly Option<string?> _types = new("--types")
    {
        HelpName = "TYPE,...",
        Description = $"Only keys of these types: {string.Join(", ", KeyKinds.KnownTypes)} (those of modules).",
    };

    private readonly Option<long?> _largerThan = TypedOption.Size(
        "--larger-than",
        "Only keys that use more memory on the source (MEMORY USAGE) than this.",
        least: 1
    );

    private readonly Option<long?> _smallerThan = TypedOption.Size(
        "--smaller-than",
        "Only keys that use less memory on the source (MEMORY USAGE) than this.",
        least: 1
    );

    private readonly Option<Expiring?> _expiring = TypedOption.Choice(
        "--expiring",
        "only: keys that have an expiry; never: keys that have none. Default: both.",
        ("only", Expiring.Only),
        ("never", Expiring.Never)
    );

    private readonly Option<string[]> _renamePrefix = new("--rename-prefix")
    {
        HelpName = "FROM=TO",
        Description =
            "Names that begin with FROM begin with TO on the target (\\= stands for =). May be given several times; the first that fits holds. Two keys that would get one name are refused.",
    };

    private readonly Option<string[]> _renameRegex = new("--rename-regex")
    {
        HelpName = "PATTERN=REPLACEMENT",
        Description =
            "Names that the regular expression matches as a whole become the replacement, with $1 to $9 for what its groups have captured: '(.*):v(\\d+)=$2:$1'. Every group must stand in it.",
    };

    private readonly Option<string?> _expiry = new("--expiry")
    {
        HelpName = "keep|drop|cap:DURATION",
        Description =
            "What becomes of expiries: keep them; drop: no key of the target expires; cap:7d: a key that expires does so 7 days after it was moved at the latest. Default: keep.",
    };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (
            var option in (Option[])
                [_databases, _include, _exclude, _slots, _types, _largerThan, _smallerThan, _expiring, _renamePrefix, _renameRegex, _expiry]
        )
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Which names.</summary>
    /// <exception cref="KeyferryException">What is given for slots is none.</exception>
    public KeyNames Names(ParseResult parsed)
    {
        var names = new KeyNames(
            parsed.GetValue(_include) ?? [],
            parsed.GetValue(_exclude) ?? [],
            parsed.GetValue(_slots) is { } slots ? SlotRanges.Parse(slots) : null,
            [.. Renames(parsed)]
        );
        return names.AreAll ? KeyNames.All : names;
    }

    private IEnumerable<KeyRename> Renames(ParseResult parsed)
    {
        foreach (var rule in parsed.GetValue(_renamePrefix) ?? [])
        {
            var (from, to) = Halves(_renamePrefix, rule);
            yield return new PrefixRename(Plain(from), Plain(to));
        }

        foreach (var rule in parsed.GetValue(_renameRegex) ?? [])
        {
            var (pattern, replacement) = Halves(_renameRegex, rule);
            yield return new PatternRename(pattern, replacement);
        }
    }

    /// <summary>What stands before the first = that has no backslash before it, and what stands behind.</summary>
    private static (string From, string To) Halves(Option<string[]> option, string rule)
    {
        for (var at = 0; at < rule.Length; at++)
        {
            if (rule[at] == '\\')
            {
                at++;
            }
            else if (rule[at] == '=')
            {
                return (rule[..at], rule[(at + 1)..]);
            }
        }

        throw new KeyferryException(
            FailureKind.Usage,
            $"\"{rule}\" in {option.Name} has no = between what is renamed and what it becomes.",
            $"Write {option.Name} {option.HelpName}."
        );
    }

    private static string Plain(string text) => text.Replace("\\=", "=", StringComparison.Ordinal);

    /// <summary>Which kinds.</summary>
    /// <exception cref="KeyferryException">A type is not known, or no value can be of the sizes.</exception>
    public KeyKinds Kinds(ParseResult parsed)
    {
        var kinds = new KeyKinds
        {
            Types = parsed.GetValue(_types)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries),
            LargerThan = parsed.GetValue(_largerThan),
            SmallerThan = parsed.GetValue(_smallerThan),
            Expiring = parsed.GetValue(_expiring) is { } expiring ? expiring == Expiring.Only : null,
        };
        return kinds.LargerThan >= kinds.SmallerThan
            ? throw new KeyferryException(
                FailureKind.Usage,
                "No value is larger than --larger-than and smaller than --smaller-than.",
                "Give one of them, or a larger --smaller-than."
            )
            : kinds;
    }

    /// <summary>What becomes of expiries.</summary>
    /// <exception cref="KeyferryException">It is none of the words, or no duration.</exception>
    public ExpiryPolicy Expiry(ParseResult parsed)
    {
        const string cap = "cap:";
        return parsed.GetValue(_expiry) switch
        {
            null or "keep" => ExpiryPolicy.Keep,
            "drop" => ExpiryPolicy.Drop,
            var text
                when text.StartsWith(cap, StringComparison.Ordinal)
                    && Amounts.TryDuration(text[cap.Length..], out var most)
                    && most >= TimeSpan.FromSeconds(1) => ExpiryPolicy.CapAt(most),
            var text => throw new KeyferryException(
                FailureKind.Usage,
                $"--expiry is \"{text}\", which is none of its words.",
                "Write keep, drop, or cap: with a duration from 1s on behind it, as in cap:7d."
            ),
        };
    }

    /// <summary>Which databases, where to, and what stands before their names there; no map where none is named.</summary>
    /// <exception cref="KeyferryException">It is not in that form, or several go into one and nothing tells their names apart.</exception>
    public (IReadOnlyDictionary<int, int>? Map, IReadOnlyDictionary<int, string> Prefixes) Databases(ParseResult parsed)
    {
        if (parsed.GetValue(_databases) is not { } text)
        {
            return (null, ReadOnlyDictionary<int, string>.Empty);
        }

        var (map, prefixes) = (new SortedDictionary<int, int>(), new Dictionary<int, string>());
        foreach (var part in text.Split(','))
        {
            var words = part.Split(':', 3);
            var numbers = words.Take(2).Select(static word => Number(word)).ToArray();
            if (numbers.Contains(-1) || !map.TryAdd(numbers[0], numbers[^1]))
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"\"{part}\" in --databases is no database, no pair of two, or stands there twice.",
                    "Write numbers and pairs with commas between: --databases 0:3,5; a prefix for the names may stand behind a pair: 1:0:db1:"
                );
            }

            if (words is [_, _, { Length: > 0 } prefix])
            {
                prefixes[numbers[0]] = prefix;
            }
        }

        _ = new DatabaseScope(map, KeyNames.All, prefixes);
        return (map, prefixes.Count == 0 ? ReadOnlyDictionary<int, string>.Empty : prefixes);
    }

    private static int Number(string word) =>
        int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;

    /// <summary>The words of <c>--expiring</c>. (The command line takes a truth value for a switch, which has no word behind it.)</summary>
    private enum Expiring
    {
        Only,
        Never,
    }
}
