using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Asks a person for what the command line did not say; where nobody can answer, or <c>--yes</c> stands there, the default holds.</summary>
/// <param name="surroundings">Where it is asked and answered.</param>
/// <param name="silent">Whether nothing is to be asked.</param>
internal sealed class Questions(Surroundings surroundings, bool silent)
{
    /// <summary>A text.</summary>
    /// <returns>What was given or answered, the default, or <see langword="null"/> for an empty answer.</returns>
    public string? Text(string? given, string question, string? fallback)
    {
        if (given is not null)
        {
            return given.Length == 0 ? null : given;
        }

        var answer = Ask(fallback is { Length: > 0 } ? $"{question} [{fallback}]: " : $"{question}: ");
        return (answer is { Length: > 0 } ? answer : fallback) is { Length: > 0 } text ? text : null;
    }

    /// <summary>One of some words.</summary>
    /// <exception cref="KeyferryException">It is none of them.</exception>
    public string Choose(string? given, string question, string fallback, params string[] words)
    {
        var answer = Text(given, $"{question} ({string.Join('/', words)})", fallback) ?? fallback;
        return words.Contains(answer)
            ? answer
            : throw new KeyferryException(FailureKind.Usage, $"\"{answer}\" is none of {string.Join(", ", words)}.", "Choose one of them.");
    }

    /// <summary>Yes or no; asks again after an answer that is neither.</summary>
    public bool Confirm(string question, bool fallback)
    {
        while (true)
        {
            switch (Ask($"{question} ({(fallback ? "Y/n" : "y/N")}): ")?.ToLowerInvariant())
            {
                case null or "":
                    return fallback;
                case "y" or "yes":
                    return true;
                case "n" or "no":
                    return false;
                case var neither:
                    surroundings.Error.WriteLine($"\"{neither}\" is neither y nor n.");
                    break;
            }
        }
    }

    private string? Ask(string prompt)
    {
        if (silent || surroundings.Input is not { } input)
        {
            return null;
        }

        surroundings.Error.Write(prompt);
        surroundings.Error.Flush();
        return input.ReadLine()?.Trim();
    }
}
