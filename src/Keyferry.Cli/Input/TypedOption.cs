using System.CommandLine;
using System.Globalization;

namespace Keyferry.Cli.Input;

/// <summary>Options that check their value while the command line is read, and say what is allowed. All are <see langword="null"/> where not given.</summary>
internal static class TypedOption
{
    /// <summary>A duration between two bounds.</summary>
    public static Option<TimeSpan?> Duration(string name, string description, TimeSpan least, TimeSpan most) =>
        Checked<TimeSpan>(
            name,
            "DURATION",
            description,
            $"{Amounts.DurationForms}, from {Spell(least)} to {Spell(most)}",
            text => Amounts.TryDuration(text, out var value) && value >= least && value <= most ? value : null
        );

    /// <summary>A duration between two bounds, or 0 for none.</summary>
    public static Option<TimeSpan?> DurationOrNone(string name, string description, TimeSpan least, TimeSpan most) =>
        Checked<TimeSpan>(
            name,
            "DURATION",
            description,
            $"{Amounts.DurationForms}, from {Spell(least)} to {Spell(most)}, or 0ms",
            text => Amounts.TryDuration(text, out var value) && (value == TimeSpan.Zero || (value >= least && value <= most)) ? value : null
        );

    /// <summary>A size in bytes, from <paramref name="least"/> bytes on.</summary>
    public static Option<long?> Size(string name, string description, long least) =>
        Checked<long>(
            name,
            "SIZE",
            description,
            $"{Amounts.SizeForms}{AtLeast(least)}",
            text => Amounts.TrySize(text, out var value) && value >= least ? value : null
        );

    /// <summary>A whole number between two bounds.</summary>
    public static Option<int?> Whole(string name, string helpName, string description, int least, int most) =>
        Checked<int>(
            name,
            helpName,
            description,
            $"a whole number from {least} to {most}",
            text =>
                int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                    ? value
                    : null
        );

    /// <summary>One of some words.</summary>
    public static Option<T?> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct
    {
        var words = choices.Select(choice => choice.Word).ToArray();
        var option = Checked<T>(
            name,
            string.Join('|', words),
            description,
            $"one of {string.Join(", ", words)}",
            text => Array.FindIndex(words, word => word == text) is var index and >= 0 ? choices[index].Value : null
        );
        option.CompletionSources.Add(words);
        return option;
    }

    private static Option<T?> Checked<T>(string name, string helpName, string description, string allowed, Func<string, T?> read)
        where T : struct =>
        new(name)
        {
            HelpName = helpName,
            Description = description,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
                var value = read(text);
                if (value is null)
                {
                    result.AddError($"{name} is \"{text}\"; it must be {allowed}");
                }

                return value;
            },
        };

    private static string AtLeast(long bytes) =>
        bytes switch
        {
            0 => "",
            < 1000 => $", at least {bytes} B",
            < 1_000_000 => $", at least {bytes / 1000}kB",
            _ => $", at least {bytes / 1_000_000}MB",
        };

    private static string Spell(TimeSpan span) =>
        span switch
        {
            { TotalMilliseconds: < 1000 } => $"{span.TotalMilliseconds:0.#}ms",
            { TotalSeconds: < 60 } => $"{span.TotalSeconds:0}s",
            { TotalMinutes: < 60 } => $"{span.TotalMinutes:0}m",
            _ => $"{span.TotalHours:0}h",
        };
}
