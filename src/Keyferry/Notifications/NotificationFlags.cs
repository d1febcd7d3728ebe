using System.Text;

namespace Keyferry.Notifications;

/// <summary>The letters of <c>notify-keyspace-events</c> as a set. Order and repetition mean nothing, and <c>A</c> is what it stands for.</summary>
/// <remarks>Letters that a newer server may add are kept as they are, so that adding to a value never takes anything out of it.</remarks>
internal readonly record struct NotificationFlags
{
    /// <summary>What <c>A</c> stands for.</summary>
    public const string AllClasses = "g$lshzxetd";

    /// <summary>What servers stop telling once <c>A</c> stands in the value, although it is in force.</summary>
    private const string HiddenBesideAll = "noc";

    /// <summary>The order in which letters are written; letters not named here follow.</summary>
    private const string Order = AllClasses + "KEmnoc";

    private readonly UInt128 _letters;

    private NotificationFlags(UInt128 letters) => _letters = letters;

    /// <summary>No letter: nothing is sent.</summary>
    public static NotificationFlags None => default;

    /// <summary>Whether no letter is set.</summary>
    public bool IsEmpty => _letters == UInt128.Zero;

    /// <summary>How many letters there are, <c>A</c> counted as what it stands for.</summary>
    public int Count => (int)UInt128.PopCount(_letters);

    /// <summary>Whether every class of <c>A</c> is there.</summary>
    public bool HasAllClasses => Covers(Parse("A"));

    /// <summary>Whether anything is sent at all: without a channel family and a class, servers accept the value and stay silent.</summary>
    public bool SendsAnything => (Has('K') || Has('E')) && this.Without(Parse("KE")).Count > 0;

    /// <summary>The family to listen to: one that is on already, and by event where both or none are.</summary>
    public ChannelFamily Family => Has('K') && !Has('E') ? ChannelFamily.Key : ChannelFamily.Event;

    /// <summary>Reads a value as a server tells it or a person writes it.</summary>
    /// <exception cref="FormatException">It holds something that can be no letter.</exception>
    public static NotificationFlags Parse(string text) =>
        TryParse(text, out var flags) ? flags : throw new FormatException("notification flags are ASCII letters and $");

    /// <inheritdoc cref="Parse"/>
    /// <returns>Whether it holds nothing but letters.</returns>
    public static bool TryParse(string text, out NotificationFlags flags)
    {
        var letters = UInt128.Zero;
        foreach (var letter in text)
        {
            if (letter is <= ' ' or > '~')
            {
                flags = None;
                return false;
            }

            foreach (var one in letter == 'A' ? AllClasses : letter.ToString())
            {
                letters |= UInt128.One << one;
            }
        }

        flags = new NotificationFlags(letters);
        return true;
    }

    /// <summary>What Keyferry needs to follow every change: all classes, and one family.</summary>
    public static NotificationFlags Needed(ChannelFamily family) => Parse("A" + family.Letter());

    /// <summary>Whether the letter is set.</summary>
    public bool Has(char letter) => letter == 'A' ? HasAllClasses : letter < 128 && (_letters & (UInt128.One << letter)) != UInt128.Zero;

    /// <summary>Whether every letter of <paramref name="other"/> is here as well: <c>AKE</c> covers <c>KEA</c> and <c>Ex</c>.</summary>
    public bool Covers(NotificationFlags other) => (other._letters & ~_letters) == UInt128.Zero;

    /// <summary>The letters of both.</summary>
    public NotificationFlags Union(NotificationFlags other) => new(_letters | other._letters);

    /// <summary>The letters that are not in <paramref name="other"/>.</summary>
    public NotificationFlags Without(NotificationFlags other) => new(_letters & ~other._letters);

    /// <summary>Whether a server on which <paramref name="set"/> was set may tell this value: equal but for the letters that it hides beside <c>A</c>.</summary>
    public bool IsShownFor(NotificationFlags set) =>
        this == set || (set.HasAllClasses && HasAllClasses && Without(Parse(HiddenBesideAll)) == set.Without(Parse(HiddenBesideAll)));

    /// <summary>The value to set. <c>A</c> is written where it holds, because every version knows it and not every one each of its letters.</summary>
    public string ToConfigText()
    {
        var text = new StringBuilder();
        var rest = this;
        if (HasAllClasses)
        {
            _ = text.Append('A');
            rest = Without(Parse("A"));
        }

        foreach (var letter in rest.Letters())
        {
            _ = text.Append(letter);
        }

        return text.ToString();
    }

    /// <summary>The letters one by one, in the order in which they are written.</summary>
    public IEnumerable<char> Letters()
    {
        var flags = this;
        return Order
            .Where(flags.Has)
            .Concat(Enumerable.Range('!', '~' - '!' + 1).Select(static code => (char)code).Where(flags.HasUnordered));
    }

    /// <inheritdoc/>
    public override string ToString() => ToConfigText();

    private bool HasUnordered(char letter) => letter != 'A' && !Order.Contains(letter, StringComparison.Ordinal) && Has(letter);
}
