namespace Keyferry.Simulation.Server;

/// <summary>Redis's patterns: <c>*</c>, <c>?</c>, <c>[a-c]</c>, <c>[^x]</c>, backslash.</summary>
internal static class Glob
{
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text)
    {
        while (!pattern.IsEmpty)
        {
            if (pattern[0] == '*')
            {
                return MatchesStar(pattern[1..], text);
            }

            if (text.IsEmpty)
            {
                return false;
            }

            switch (pattern[0])
            {
                case (byte)'?':
                    pattern = pattern[1..];
                    break;
                case (byte)'[':
                    if (!MatchesClass(ref pattern, text[0]))
                    {
                        return false;
                    }

                    break;
                default:
                    if (pattern[0] == '\\' && pattern.Length > 1)
                    {
                        pattern = pattern[1..];
                    }

                    if (pattern[0] != text[0])
                    {
                        return false;
                    }

                    pattern = pattern[1..];
                    break;
            }

            text = text[1..];
        }

        return text.IsEmpty;
    }

    private static bool MatchesStar(ReadOnlySpan<byte> rest, ReadOnlySpan<byte> text)
    {
        for (var skip = 0; skip <= text.Length; skip++)
        {
            if (Matches(rest, text[skip..]))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MatchesClass(ref ReadOnlySpan<byte> pattern, byte letter)
    {
        var end = pattern[1..].IndexOf((byte)']');
        var inside = end < 0 ? pattern[1..] : pattern.Slice(1, end);
        pattern = end < 0 ? [] : pattern[(end + 2)..];
        var negated = !inside.IsEmpty && inside[0] == '^';
        inside = negated ? inside[1..] : inside;
        var found = false;
        for (var i = 0; i < inside.Length; i++)
        {
            if (i + 2 < inside.Length && inside[i + 1] == '-')
            {
                found |= letter >= inside[i] && letter <= inside[i + 2];
                i += 2;
            }
            else
            {
                found |= inside[i] == letter;
            }
        }

        return found != negated;
    }
}
