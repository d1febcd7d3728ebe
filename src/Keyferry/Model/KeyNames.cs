using System.Text;

namespace Keyferry.Model;

/// <summary>Which names of keys belong to a run: those that one of the patterns to include matches, or all without such patterns, but for those that one to exclude matches;
/// and of them those in some slots. And what they are called on the target.</summary>
/// <remarks>
/// <para><b>No two keys get one name.</b> Every name of the target leads back to one key of the source at most (<see cref="OnSource"/>), and a key is moved only if its name leads
/// back to it. So two keys of the source are never written to one key of the target, whatever comes to exist while a run goes on, and nothing has to be remembered for that.</para>
/// <para>The price: a key that keeps its name is not moved where a rule would give that name to another key, although that one may not exist.</para>
/// </remarks>
public sealed class KeyNames
{
    /// <summary>Every name.</summary>
    public static readonly KeyNames All = new([], []);

    private readonly KeyGlob[] _include;
    private readonly KeyGlob[] _exclude;
    private readonly SlotRanges? _slots;
    private readonly IReadOnlyList<KeyRename> _renames;
    private readonly bool _reversed;
    private readonly byte[] _prefix = [];
    private readonly byte[][] _barred = [];

    /// <param name="include">Patterns in Redis's form.</param>
    /// <param name="exclude">Likewise; they count more.</param>
    /// <param name="slots">In these slots only; <see langword="null"/> for all.</param>
    /// <param name="renames">What keys are called on the target: the first rule that speaks of a name holds. A name that none speaks of stays as it is.</param>
    /// <exception cref="KeyferryException">A pattern is empty, or breaks off.</exception>
    public KeyNames(
        IReadOnlyList<string> include,
        IReadOnlyList<string> exclude,
        SlotRanges? slots = null,
        IReadOnlyList<KeyRename>? renames = null
    )
    {
        ArgumentNullException.ThrowIfNull(include);
        ArgumentNullException.ThrowIfNull(exclude);
        _renames = renames ?? [];
        _include = [.. include.Select(KeyGlob.Parse)];
        _exclude = [.. exclude.Select(KeyGlob.Parse)];
        _slots = slots;
        Text = string.Join(
            ' ',
            [
                .. include.Select(static text => $"+{text}"),
                .. exclude.Select(static text => $"-{text}"),
                .. slots is null ? (string[])[] : [$"slots={slots.Text}"],
                .. _renames.Select(static rename => $"rename={rename.Text}"),
            ]
        );
    }

    private KeyNames(KeyNames forward)
    {
        (_include, _exclude, _slots, _renames) = (forward._include, forward._exclude, forward._slots, forward._renames);
        (_prefix, _barred) = (forward._prefix, forward._barred);
        _reversed = !forward._reversed;
        Text = $"back: {forward.Text}";
    }

    private KeyNames(KeyNames plain, string prefix, IEnumerable<string> barred)
    {
        (_include, _exclude, _slots, _renames, Text) = (plain._include, plain._exclude, plain._slots, plain._renames, plain.Text);
        _prefix = Encoding.UTF8.GetBytes(prefix);
        _barred = [.. barred.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>All patterns, the slots and the rules, in one order; empty without any.</summary>
    public string Text { get; }

    /// <summary>Whether every name belongs to the run.</summary>
    public bool AreAll => _include.Length == 0 && _exclude.Length == 0 && _slots is null && !Rename;

    /// <summary>Whether any key is called otherwise on the target.</summary>
    public bool Rename => _renames.Count > 0 || _prefix.Length > 0 || _barred.Length > 0;

    /// <summary>Whether <paramref name="name"/> belongs to the run.</summary>
    public bool Cover(ReadOnlySpan<byte> name) => _reversed ? Origin(name) is not null : Chosen(name);

    /// <summary>The same names, each with something before it on the target.</summary>
    /// <param name="prefix">What stands before it; may be empty.</param>
    /// <param name="barred">How names of the target begin that are those of another database.</param>
    internal KeyNames Behind(string prefix, IEnumerable<string> barred) => new(this, prefix, barred);

    /// <summary>The same names from the other side: what is the target's here is the source's there.</summary>
    internal KeyNames Reversed() => Rename ? new KeyNames(this) : this;

    /// <summary>What a key of the source is called on the target.</summary>
    /// <param name="name">The key, which belongs to the run.</param>
    /// <returns><see langword="null"/> where it is not moved, because another key of the source would be called so as well, or could be.</returns>
    internal byte[]? OnTarget(ReadOnlySpan<byte> name) => _reversed ? Origin(name) : Own(name);

    /// <summary>The key of the source that a key of the target is, if it is one.</summary>
    /// <returns><see langword="null"/> where the run has nothing to do with that key.</returns>
    internal byte[]? OnSource(ReadOnlySpan<byte> name) => _reversed ? Own(name) : Origin(name);

    private byte[]? Own(ReadOnlySpan<byte> name)
    {
        byte[] renamed = [.. _prefix, .. Renamed(name)];
        return Origin(renamed) is { } origin && name.SequenceEqual(origin) && !ReservedKeys.Contains(renamed) ? renamed : null;
    }

    private byte[] Renamed(ReadOnlySpan<byte> name)
    {
        foreach (var rule in _renames)
        {
            if (rule.Forward(name) is { } renamed)
            {
                return renamed;
            }
        }

        return name.ToArray();
    }

    /// <summary>The one key that a name of the target belongs to: the first that a rule leads back to; else the key of that name.</summary>
    private byte[]? Origin(ReadOnlySpan<byte> name)
    {
        if (!name.StartsWith(_prefix) || IsBarred(name))
        {
            return null;
        }

        name = name[_prefix.Length..];
        foreach (var rule in _renames)
        {
            if (rule.Back(name) is { } origin && Chosen(origin) && name.SequenceEqual(Renamed(origin)))
            {
                return origin;
            }
        }

        return Chosen(name) && name.SequenceEqual(Renamed(name)) ? name.ToArray() : null;
    }

    private bool IsBarred(ReadOnlySpan<byte> name)
    {
        foreach (var other in _barred)
        {
            if (name.StartsWith(other))
            {
                return true;
            }
        }

        return false;
    }

    private bool Chosen(ReadOnlySpan<byte> name) =>
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
