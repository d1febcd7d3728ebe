using System.CommandLine;
using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary>Which keys a command is about: of which databases, and by which names.</summary>
internal sealed class SelectionOptions
{
    private readonly Option<string?> _databases = new("--databases")
    {
        HelpName = "FROM:TO,...",
        Description =
            "These databases only, each into the one behind its colon, or into the one with its number: 0:3,5. Default: those that the URIs name, or all.",
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

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_databases);
        command.Options.Add(_include);
        command.Options.Add(_exclude);
    }

    /// <summary>Which names.</summary>
    public KeyNames Names(ParseResult parsed)
    {
        var (include, exclude) = (parsed.GetValue(_include) ?? [], parsed.GetValue(_exclude) ?? []);
        return include.Length + exclude.Length == 0 ? KeyNames.All : new KeyNames(include, exclude);
    }

    /// <summary>Which databases, and where to; <see langword="null"/> where none is named.</summary>
    /// <exception cref="KeyferryException">It is not in that form, or two go into one.</exception>
    public IReadOnlyDictionary<int, int>? Databases(ParseResult parsed)
    {
        if (parsed.GetValue(_databases) is not { } text)
        {
            return null;
        }

        var map = new SortedDictionary<int, int>();
        foreach (var part in text.Split(','))
        {
            var numbers = part.Split(':').Select(static word => Number(word)).ToArray();
            if (numbers.Length is < 1 or > 2 || numbers.Contains(-1) || !map.TryAdd(numbers[0], numbers[^1]))
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"\"{part}\" in --databases is no database, no pair of two, or stands there twice.",
                    "Write numbers and pairs with commas between: --databases 0:3,5."
                );
            }
        }

        return map.Values.Distinct().Count() == map.Count
            ? map
            : throw new KeyferryException(
                FailureKind.Usage,
                "Two databases of --databases go into one: keys of one name would overwrite each other.",
                "Give each a database of its own."
            );
    }

    private static int Number(string word) =>
        int.TryParse(word.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
}
