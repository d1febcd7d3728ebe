using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>The parameters that a stack is given: what the template would refuse is refused before AWS is asked for anything.</summary>
internal static class DeployParameters
{
    /// <summary>Reads <c>KEY=VALUE</c>.</summary>
    /// <exception cref="KeyferryException">One is not of the form.</exception>
    public static Dictionary<string, string> Read(IEnumerable<string> pairs)
    {
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in pairs)
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new KeyferryException(FailureKind.Usage, "A --parameter has no name and value.", "Write --parameter KEY=VALUE.");
            }

            given[pair[..equals]] = pair[(equals + 1)..];
        }

        return given;
    }

    /// <summary>Holds what was given against what the template declares.</summary>
    /// <param name="given">By name.</param>
    /// <param name="declared">The template's parameters.</param>
    /// <exception cref="KeyferryException">One is not known, or does not fit.</exception>
    public static void Check(IReadOnlyDictionary<string, string> given, JsonObject declared)
    {
        if (given.Keys.FirstOrDefault(key => !declared.ContainsKey(key)) is { } strange)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The template has no parameter {strange}.",
                $"It has: {string.Join(", ", declared.Select(static one => one.Key))}."
            );
        }

        foreach (var (name, value) in given)
        {
            if (declared[name] is JsonObject terms && Misfit(terms, value) is { } what)
            {
                throw new KeyferryException(FailureKind.Usage, $"The parameter {name} {what}.", $"{terms["Description"]}.");
            }
        }
    }

    /// <summary>Checks that a stack that is to be made is given all that it needs.</summary>
    /// <param name="given">By name.</param>
    /// <param name="declared">The template's parameters.</param>
    /// <exception cref="KeyferryException">One is missing.</exception>
    public static void CheckNothingIsMissing(IReadOnlyDictionary<string, string> given, JsonObject declared)
    {
        var missing = declared
            .Where(one => !given.ContainsKey(one.Key) && one.Value?["Default"] is null)
            .Select(static one => one.Key)
            .ToList();
        if (missing.Count > 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"These parameters have no default and were not given: {string.Join(", ", missing)}.",
                "Give each with --parameter KEY=VALUE; the image also with --image."
            );
        }
    }

    // The value itself is not repeated: it may be a secret.
    private static string? Misfit(JsonObject terms, string value)
    {
        if (terms["AllowedValues"] is JsonArray allowed && allowed.All(one => one?.ToString() != value))
        {
            return $"is none of {string.Join(", ", allowed.Select(static one => one?.ToString()))}";
        }

        if ((string?)terms["AllowedPattern"] is { } pattern && !Regex.IsMatch(value, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            return $"is not of the form {pattern}";
        }

        var (least, most) = ((int?)terms["MinValue"], (int?)terms["MaxValue"]);
        var isNumber = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        return least is not null && (!isNumber || number < least || number > most) ? $"is not a number from {least} to {most}" : null;
    }
}
