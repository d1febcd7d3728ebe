using System.Text.RegularExpressions;
using Keyferry.Model;

namespace Keyferry.Cli.Output;

/// <summary>The second line of defence for secrets: takes known passwords out of texts that came from elsewhere, such as a server that repeats what it was sent.</summary>
internal sealed partial class SecretMask
{
    private readonly List<string> _known = [];

    /// <summary>Remembers <paramref name="secret"/>.</summary>
    public void Add(Secret? secret)
    {
        var text = secret?.Reveal();
        if (!string.IsNullOrEmpty(text))
        {
            _known.Add(text);
        }
    }

    /// <summary><paramref name="text"/> with <c>***</c> in the place of every known password.</summary>
    public string Clean(string text)
    {
        foreach (var known in _known)
        {
            text = text.Replace(known, "***", StringComparison.Ordinal);
        }

        // Tokens of IAM are made for each login; nobody could remember them all.
        return SignedUrl().Replace(text, "${name}=***");
    }

    [GeneratedRegex("(?<name>X-Amz-(?:Signature|Security-Token))=[^&\\s]+", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SignedUrl();
}
