using System.Text;
using System.Text.RegularExpressions;

namespace Keyferry.Model;

/// <summary>Names that a regular expression matches as a whole are put together anew on the target, from the parts that its groups have captured.</summary>
/// <remarks>
/// <para>The expression is literal text and groups, one after the other, and every group stands in the replacement. So nothing of a name is lost on the way, and the replacement,
/// read as an expression with the groups in their new places, leads back.</para>
/// <para>Names are bytes: every byte is one character (Latin-1) to the expression, so that <c>.</c> is one byte, and a letter outside of ASCII several.</para>
/// <para>Expressions run in time proportional to the length of the name; what would not (looking around, references back) is refused.</para>
/// </remarks>
public sealed class PatternRename : KeyRename
{
    private readonly List<Part> _there;
    private readonly List<Part> _here;
    private readonly Regex _forward;
    private readonly Regex _back;

    /// <param name="pattern">The expression; <c>^</c> and <c>$</c> at its ends may be left out.</param>
    /// <param name="replacement">Literal text, and <c>$1</c> to <c>$9</c> for what the groups have captured; <c>$$</c> for the sign itself.</param>
    /// <exception cref="KeyferryException">They are not of that form.</exception>
    public PatternRename(string pattern, string replacement)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(replacement);
        Text = $"{pattern}={replacement}";
        (_here, var groups) = new PatternParts(Latin(pattern)).Read();
        _there = ReadReplacement(Latin(replacement), groups.Count);
        if (Enumerable.Range(0, groups.Count).FirstOrDefault(group => !_there.Exists(part => part.Group == group), -1) is >= 0 and var lost)
        {
            throw Refused(
                $"\"{replacement}\" leaves out ${lost + 1}, so that several keys could get one name",
                "Use every group of the expression in the replacement."
            );
        }

        _forward = Compile(_here, groups, pattern);
        _back = Compile(_there, groups, pattern);
    }

    /// <inheritdoc/>
    public override string Text { get; }

    /// <inheritdoc/>
    internal override byte[]? Forward(ReadOnlySpan<byte> name) => Rebuild(name, _forward, _there);

    /// <inheritdoc/>
    internal override byte[]? Back(ReadOnlySpan<byte> name) => Rebuild(name, _back, _here);

    private static byte[]? Rebuild(ReadOnlySpan<byte> name, Regex expression, List<Part> parts)
    {
        var match = expression.Match(Encoding.Latin1.GetString(name));
        return match.Success
            ? Encoding.Latin1.GetBytes(
                string.Concat(parts.Select(part => part.Group < 0 ? part.Literal : match.Groups[$"g{part.Group}"].Value))
            )
            : null;
    }

    /// <summary>The name's bytes as they are matched.</summary>
    private static string Latin(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static Regex Compile(List<Part> parts, IReadOnlyList<string> groups, string pattern)
    {
        var text = new StringBuilder("\\A");
        var named = new HashSet<int>();
        foreach (var part in parts)
        {
            // A group that stands in the replacement twice is captured where it stands first; whether both are the same is seen when the way back is gone forth again.
            _ =
                part.Group < 0 ? text.Append(Regex.Escape(part.Literal))
                : named.Add(part.Group) ? text.Append($"(?<g{part.Group}>{groups[part.Group]})")
                : text.Append($"(?:{groups[part.Group]})");
        }

        try
        {
            return new Regex(
                text.Append("\\z").ToString(),
                RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.ExplicitCapture
            );
        }
        catch (Exception wrong) when (wrong is ArgumentException or NotSupportedException)
        {
            throw Refused($"\"{pattern}\" is no regular expression that Keyferry can use ({wrong.Message.TrimEnd('.')})", "Mend it.");
        }
    }

    private static List<Part> ReadReplacement(string text, int groups)
    {
        var parts = new List<Part>();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '$')
            {
                parts.Add(new Part(-1, text[at].ToString()));
                continue;
            }

            at++;
            var sign = at < text.Length ? text[at] : ' ';
            parts.Add(
                sign == '$' ? new Part(-1, "$")
                : char.IsAsciiDigit(sign) && sign - '1' is >= 0 and var group && group < groups ? new Part(group, "")
                : throw Refused(
                    $"\"${sign}\" in a replacement stands for no group",
                    $"The expression has {groups} groups: $1 is the first of them. $$ is the sign itself."
                )
            );
        }

        return parts;
    }

    private static KeyferryException Refused(string saw, string remedy) => new(FailureKind.Usage, $"{saw}.", remedy);

    /// <summary>A piece of a name.</summary>
    /// <param name="Group">The group that it was captured by, from 0 on; -1 for literal text.</param>
    /// <param name="Literal">The text.</param>
    private readonly record struct Part(int Group, string Literal);

    /// <summary>Takes an expression apart into literal text and groups.</summary>
    private sealed class PatternParts(string pattern)
    {
        private readonly List<Part> _parts = [];
        private readonly List<string> _groups = [];
        private int _at;

        public (List<Part> Parts, IReadOnlyList<string> Groups) Read()
        {
            _at = pattern.StartsWith('^') ? 1 : 0;
            var end = pattern.EndsWith('$') && !pattern.EndsWith("\\$", StringComparison.Ordinal) ? pattern.Length - 1 : pattern.Length;
            while (_at < end)
            {
                ReadOne();
            }

            return (_parts, _groups);
        }

        private void ReadOne()
        {
            var sign = pattern[_at];
            if (sign == '(')
            {
                ReadGroup();
            }
            else if (sign == '\\' && _at + 1 < pattern.Length && !char.IsAsciiLetterOrDigit(pattern[_at + 1]))
            {
                _parts.Add(new Part(-1, pattern[_at + 1].ToString()));
                _at += 2;
            }
            else if (@"\.[]{}*+?|^$)".Contains(sign, StringComparison.Ordinal))
            {
                throw Refused(
                    $"\"{pattern}\" has {sign} outside of its groups: what that matches would be lost, and several keys could get one name",
                    "Put it into a group and that into the replacement, or write a backslash before a sign that stands for itself."
                );
            }
            else
            {
                _parts.Add(new Part(-1, sign.ToString()));
                _at++;
            }
        }

        private void ReadGroup()
        {
            var start = _at + 1;
            if (start < pattern.Length && pattern[start] == '?')
            {
                throw Refused(
                    $"\"{pattern}\" has a group of a special kind",
                    "Use plain groups outside, (...); (?:...) may stand within them."
                );
            }

            var depth = 0;
            var inSet = false;
            for (; _at < pattern.Length; _at++)
            {
                var sign = pattern[_at];
                if (sign == '\\')
                {
                    _at++;
                }
                else if (inSet || sign == '[')
                {
                    inSet = sign != ']';
                }
                else if (sign == '(')
                {
                    depth++;
                    RefuseInnerGroup(depth);
                }
                else if (sign == ')' && --depth == 0)
                {
                    break;
                }
            }

            if (_at >= pattern.Length)
            {
                throw Refused($"\"{pattern}\" has a group that does not end", "Close it.");
            }

            _parts.Add(new Part(_groups.Count, ""));
            _groups.Add(pattern[start.._at]);
            _at++;
        }

        private void RefuseInnerGroup(int depth)
        {
            if (depth > 1 && !pattern.AsSpan(_at).StartsWith("(?:"))
            {
                throw Refused($"\"{pattern}\" has a group within a group", "Write (?:...) for the inner one.");
            }
        }
    }
}
