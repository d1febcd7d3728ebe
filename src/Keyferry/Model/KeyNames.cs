using System.Text;

namespace Keyferry.Model;

/// <summary>Which names of keys belong to a run: those that one of the patterns to include matches, or all without such patterns, but for those that one to exclude matches.</summary>
public sealed class KeyNames
{
    /// <summary>Every name.</summary>
    public static readonly KeyNames All = new([], []);

    private readonly KeyGlob[] _include;
    private readonly KeyGlob[] _exclude;

    /// <param name="include">Patterns in Redis's form.</param>
    /// <param name="exclude">Likewise; they count more.</param>
    public KeyNames(IReadOnlyList<string> include, IReadOnlyList<string> exclude)
    {
        _include = [.. include.Select(static text => new KeyGlob(Encoding.UTF8.GetBytes(text)))];
        _exclude = [.. exclude.Select(static text => new KeyGlob(Encoding.UTF8.GetBytes(text)))];
        Text = string.Join(' ', include.Select(static text => $"+{text}").Concat(exclude.Select(static text => $"-{text}")));
    }

    /// <summary>All patterns, in one order; empty without any.</summary>
    public string Text { get; }

    /// <summary>Whether every name belongs to the run.</summary>
    public bool AreAll => _include.Length == 0 && _exclude.Length == 0;

    /// <summary>Whether <paramref name="name"/> belongs to the run.</summary>
    public bool Cover(ReadOnlySpan<byte> name) => AreAll || ((_include.Length == 0 || Any(_include, name)) && !Any(_exclude, name));

    private static bool Any(KeyGlob[] patterns, ReadOnlySpan<byte> name)
    {
        foreach (var pattern in patterns)
        {
            if (pattern.Matches(name))
            {
                return true;
            }
        }

        return false;
    }
}
