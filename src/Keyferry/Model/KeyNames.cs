using System.Text;

namespace Keyferry.Model;

/// <summary>Which names of keys belong to a run: those that one of the patterns to include matches, or all without such patterns, but for those that one to exclude matches;
/// and of them those in some slots.</summary>
public sealed class KeyNames
{
    /// <summary>Every name.</summary>
    public static readonly KeyNames All = new([], []);

    private readonly KeyGlob[] _include;
    private readonly KeyGlob[] _exclude;
    private readonly SlotRanges? _slots;

    /// <param name="include">Patterns in Redis's form.</param>
    /// <param name="exclude">Likewise; they count more.</param>
    /// <param name="slots">In these slots only; <see langword="null"/> for all.</param>
    public KeyNames(IReadOnlyList<string> include, IReadOnlyList<string> exclude, SlotRanges? slots = null)
    {
        _include = [.. include.Select(static text => new KeyGlob(Encoding.UTF8.GetBytes(text)))];
        _exclude = [.. exclude.Select(static text => new KeyGlob(Encoding.UTF8.GetBytes(text)))];
        _slots = slots;
        Text = string.Join(
            ' ',
            [
                .. include.Select(static text => $"+{text}"),
                .. exclude.Select(static text => $"-{text}"),
                .. slots is null ? (string[])[] : [$"slots={slots.Text}"],
            ]
        );
    }

    /// <summary>All patterns and the slots, in one order; empty without any.</summary>
    public string Text { get; }

    /// <summary>Whether every name belongs to the run.</summary>
    public bool AreAll => _include.Length == 0 && _exclude.Length == 0 && _slots is null;

    /// <summary>Whether <paramref name="name"/> belongs to the run.</summary>
    public bool Cover(ReadOnlySpan<byte> name) =>
        AreAll || ((_include.Length == 0 || Any(_include, name)) && !Any(_exclude, name) && _slots?.Cover(name) != false);

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
