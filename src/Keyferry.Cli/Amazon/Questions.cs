using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>Asks a person for what the command line did not say; where nobody can answer, or <c>--yes</c> stands there, the default holds.</summary>
/// <param name="surroundings">Where it is asked and answered.</param>
/// <param name="silent">Whether nothing is to be asked.</param>
internal sealed class Questions(Surroundings surroundings, bool silent)
{
    /// <summary>A text. What is not usable is said, and asked for again.</summary>
    /// <param name="given">What the command line said.</param>
    /// <param name="question">What is asked where it said nothing.</param>
    /// <param name="fallback">What an empty answer means.</param>
    /// <param name="judge">What speaks against a value, or <see langword="null"/>.</param>
    /// <returns>What was given or answered, the default, or <see langword="null"/> for an empty answer.</returns>
    /// <exception cref="KeyferryException">What was given is not usable, or nobody is there to answer and the default is not.</exception>
    public async ValueTask<string?> TextAsync(
        string? given,
        string question,
        string? fallback,
        Func<string?, ValueTask<KeyferryException?>> judge
    )
    {
        while (true)
        {
            var answer = given ?? Ask(fallback is { Length: > 0 } ? $"{question} [{fallback}]: " : $"{question}: ");
            var text = (answer is { Length: > 0 } || given is not null ? answer : fallback) is { Length: > 0 } value ? value : null;
            if (await judge(text) is not { } misfit)
            {
                return text;
            }

            if (given is not null || answer is null)
            {
                throw misfit;
            }

            surroundings.Error.WriteLine($"{misfit.Saw} {misfit.Remedy}");
        }
    }

    /// <summary>One of some words.</summary>
    /// <exception cref="KeyferryException">It is none of them.</exception>
    public async ValueTask<string> ChooseAsync(string? given, string question, string fallback, params string[] words) =>
        await TextAsync(
            given,
            $"{question} ({string.Join('/', words)})",
            fallback,
            answer =>
                ValueTask.FromResult(
                    words.Contains(answer)
                        ? null
                        : new KeyferryException(
                            FailureKind.Usage,
                            $"\"{answer}\" is none of {string.Join(", ", words)}.",
                            "Choose one of them."
                        )
                )
        ) ?? fallback;

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
