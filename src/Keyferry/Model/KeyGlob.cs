namespace Keyferry.Model;

/// <summary>A pattern for names of keys as Redis has them in SCAN MATCH: <c>*</c>, <c>?</c>, <c>[abc]</c>, <c>[^a-z]</c>, and <c>\\</c> before a character that stands for itself. It works
/// on bytes.</summary>
internal sealed class KeyGlob(byte[] pattern)
{
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
