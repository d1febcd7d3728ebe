using System.CommandLine;
using System.CommandLine.Parsing;

namespace Keyferry.Cli.Output;

/// <summary>Says what is wrong with a command line. It never repeats a word that stands where none belongs: it may be a password.</summary>
internal static class UsagePrinter
{
    /// <summary>Prints every problem and where help is; returns the exit code.</summary>
    public static int Print(ParseResult parsed, Surroundings surroundings)
    {
        var command = parsed.CommandResult.Command;
        var path = PathOf(parsed.CommandResult);
        var problems = Problems(parsed, command, path).Distinct(StringComparer.Ordinal).ToList();
        foreach (var problem in problems)
        {
            surroundings.Error.WriteLine($"keyferry: {problem}");
        }

        surroundings.Error.WriteLine($"what to do: {path} --help lists what it takes");
        return ExitCodes.Usage;
    }

    private static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : "keyferry";

    private static IEnumerable<string> Problems(ParseResult parsed, Command command, string path)
    {
        foreach (var token in parsed.UnmatchedTokens)
        {
            yield return Unmatched(token, command, path);
        }

        if (parsed.UnmatchedTokens.Count > 0)
        {
            yield break;
        }

        if (command.Action is null)
        {
            yield return $"no command was given after {path}";
            yield break;
        }

        foreach (var error in parsed.Errors)
        {
            yield return error.Message.TrimEnd('.');
        }
    }

    private static string Unmatched(string token, Command command, string path)
    {
        if (token.StartsWith('-'))
        {
            var name = token.Split('=', ':')[0];
            var options = command.Options.SelectMany(option => option.Aliases.Prepend(option.Name));
            return $"{name} is not an option of {path}{Suggestion(name, options)}";
        }

        if (command.Subcommands.Count == 0)
        {
            return $"there are more arguments than {path} takes";
        }

        var isWord = token.Length <= 20 && token.All(c => char.IsAsciiLetterLower(c) || c == '-');
        var suggestion = Suggestion(token, command.Subcommands.Select(known => known.Name));
        return isWord ? $"{token} is not a command of {path}{suggestion}" : $"what follows {path} is not one of its commands";
    }

    private static string Suggestion(string given, IEnumerable<string> known)
    {
        var best = known.Select(name => (Name: name, Distance: Distance(given, name))).OrderBy(pair => pair.Distance).FirstOrDefault();
        return best.Name is not null && best.Distance <= 3 && best.Distance < best.Name.Length / 2 ? $"; did you mean {best.Name}?" : "";
    }

    /// <summary>How many letters must be put in, taken out or changed to make one word of the other.</summary>
    private static int Distance(string left, string right)
    {
        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var change = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(change, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[right.Length];
    }
}
