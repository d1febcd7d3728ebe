using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Keyferry.Cli.Output;

/// <summary>Says what is wrong with a command line. It never repeats a word that stands where none belongs: it may be a password.</summary>
internal static class UsagePrinter
{
    /// <summary>Whether the command line can be run. A word that begins with a hyphen is no server: it is an option that does not exist.</summary>
    public static bool IsSound(ParseResult parsed) => parsed.Action is not (null or ParseErrorAction) && !Misplaced(parsed).Any();

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
        var strange = Misplaced(parsed).Concat(parsed.UnmatchedTokens).ToList();
        foreach (var token in strange)
        {
            yield return Unmatched(token, command, path);
        }

        if (strange.Count > 0)
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

    private static IEnumerable<string> Misplaced(ParseResult parsed) =>
        parsed.Action is HelpAction
            ? []
            : parsed
                .CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(result => result.Tokens)
                .Select(token => token.Value)
                .Where(value => value.StartsWith('-'));

    private static string Unmatched(string token, Command command, string path)
    {
        if (token.StartsWith('-'))
        {
            var name = token.Split('=', ':')[0];
            var options = OptionsOf(command).SelectMany(option => option.Aliases.Prepend(option.Name));
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

    /// <summary>The command's own options, and those that hold for every command below theirs.</summary>
    private static IEnumerable<Option> OptionsOf(Command command)
    {
        var above = command.Parents.OfType<Command>().SelectMany(OptionsOf).Where(option => option.Recursive);
        return command.Options.Concat(above);
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
