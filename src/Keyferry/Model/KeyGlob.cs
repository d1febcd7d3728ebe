using System.Text;

namespace Keyferry.Model;

/// <summary>A pattern for names of keys as Redis has them in SCAN MATCH: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a-z]</c>, and <c>\\</c> before a character that stands for itself. It works
/// on bytes.</summary>
internal sealed class KeyGlob(byte[] pattern)
{
    /// <summary>Takes a pattern that a user has written. Redis takes those that break off, too, and they match what nobody expects.</summary>
    /// <exception cref="KeyferryException">It is empty, or breaks off within a set or behind a backslash.</exception>
    public static KeyGlob Parse(string text)
    {
        if (text.Length == 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "A pattern for names of keys is empty.",
                "Write * for all names, or leave it out; is a variable of the shell not set?"
            );
        }

        var glob = new KeyGlob(Encoding.UTF8.GetBytes(text));
        return glob.BreaksOff() is { } where
            ? throw new KeyferryException(
                FailureKind.Usage,
                $"The pattern \"{text}\" ends {where}.",
                "Write [abc] for one of some characters, and \\[ or \\\\ for the sign itself."
            )
            : glob;
    }

    /// <summary>Whether the whole of <paramref name="name"/> matches. Takes time in proportion to the lengths of both at worst.</summary>
    public bool Matches(ReadOnlySpan<byte> name)
    {
        var (at, star, resume, i) = (0, -1, 0, 0);
        while (i < name.Length)
        {
            if (at < pattern.Length && pattern[at] == (byte)'*')
            {
                (star, resume) = (at++, i);
            }
            else if (at < pattern.Length && MatchesOne(ref at, name[i]))
            {
                i++;
            }
            else if (star >= 0)
            {
                // The latest star takes one byte more.
                at = star + 1;
                i = ++resume;
            }
            else
            {
                return false;
            }
        }

        while (at < pattern.Length && pattern[at] == (byte)'*')
        {
            at++;
        }

        return at == pattern.Length;
    }

    private string? BreaksOff()
    {
        for (var at = 0; at < pattern.Length; )
        {
            switch (pattern[at++])
            {
                case (byte)'\\' when at++ == pattern.Length:
                    return "behind a \\ that stands for nothing";
                case (byte)'[':
                    _ = IsInSet(0, ref at);
                    if (at > pattern.Length)
                    {
                        return "within a [ that is not closed";
                    }

                    break;
                default:
                    break;
            }
        }

        return null;
    }

    /// <summary>Matches one byte against what stands at <paramref name="at"/>, and moves behind that if it does.</summary>
    private bool MatchesOne(ref int at, byte one)
    {
        var end = at + 1;
        var matches = pattern[at] switch
        {
            (byte)'?' => true,
            (byte)'[' => IsInSet(one, ref end),
            (byte)'\\' when end < pattern.Length => pattern[end++] == one,
            var literal => literal == one,
        };
        at = matches ? end : at;
        return matches;
    }

    private bool IsInSet(byte one, ref int end)
    {
        var not = end < pattern.Length && pattern[end] == (byte)'^';
        end += not ? 1 : 0;
        var found = false;
        for (; end < pattern.Length && pattern[end] != (byte)']'; end++)
        {
            end += pattern[end] == (byte)'\\' && end + 1 < pattern.Length ? 1 : 0;
            var low = pattern[end];
            var high = low;
            if (end + 2 < pattern.Length && pattern[end + 1] == (byte)'-' && pattern[end + 2] != (byte)']')
            {
                high = pattern[end += 2];
            }

            found |= one >= Math.Min(low, high) && one <= Math.Max(low, high);
        }

        end++;
        return found != not;
    }
}
