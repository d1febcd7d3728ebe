using Keyferry.Notifications;
using Keyferry.Resp;

namespace Keyferry.Capture;

/// <summary>Judges by a source's counts of commands whether others may have taken its notification flags away and given them back between two looks.</summary>
/// <remarks>
/// <para><b>How.</b> The source's count less our own calls is what others have called. From 7.0 on those who set are counted apart. Before, all of CONFIG is counted as one: what others
/// call may be setting, so it is a gap as well, but only <see cref="MostGaps"/> times; whoever goes on is taken for monitoring, and what is not known any more is a <see cref="Doubt"/>.</para>
/// <para><b>Concurrency.</b> The caller sees to it that there is one look at a time.</para>
/// </remarks>
internal sealed class FlagSetters
{
    /// <summary>How often in a run uses of CONFIG that may be reading ask for a rescan.</summary>
    public const int MostGaps = 3;

    private const string Setting = "config|set";
    private const string Any = "config";
    private const string Uncounted = "it does not count who sets them";

    private (long Others, long? Since)? _last;
    private bool _isInterrupted;
    private long _uses;
    private int _gaps;

    /// <summary>The name under which a server counts those who set flags, alone or with others.</summary>
    public static string NameOn(Version redis) => redis < new Version(7, 0) ? Any : Setting;

    /// <summary>Why flags that were off and on again between two looks may not have been noticed, as a clause; <see langword="null"/> where they have been.</summary>
    public string? Doubt { get; private set; } = Uncounted;

    /// <summary>Takes up what a look has seen.</summary>
    /// <param name="look">The counts.</param>
    /// <param name="bound">A moment after which everything came that a later look finds and this one has not.</param>
    /// <returns>A gap, or <see langword="null"/>.</returns>
    public (string Reason, long? Since)? Look(SetterLook look, long? bound)
    {
        if (look.Count is not { } count)
        {
            // With nothing before, what happens meanwhile is in no comparison.
            _isInterrupted |= _last is null;
            Doubt = Uncounted;
            return null;
        }

        if (!look.IsExact)
        {
            _isInterrupted |= _last is null;
            Doubt = "when it was last asked who sets them, calls of Keyferry's own were under way";
            return null;
        }

        var others = count - look.Ours;
        var (rise, since) = _last is { } last ? (others - last.Others, last.Since) : (0, null);
        if (rise < 0 && look.Overlaps)
        {
            // An answer older than the one before.
            return null;
        }

        if (!Judges(look.Unread))
        {
            _last ??= (others, bound);
            Doubt = Uncounted;
            return null;
        }

        _last = (others, bound);
        var gap = look.WereReset || rise == 0 ? null : Noted(look.Name, rise);
        Doubt =
            _isInterrupted ? Uncounted
            : _gaps > MostGaps ? $"others ran CONFIG {_uses} times there, and before 7.0 it does not count apart who sets and who reads"
            : null;
        return gap is null ? null : (gap, since);
    }

    /// <summary>The server was restarted, which is a gap of its own: its counts begin anew.</summary>
    public void Restarted() => _last = null;

    /// <summary>A user who may not read the flags is told by the counts all the same. A service that has no CONFIG for its users changes flags by ways of its own, and may run CONFIG for ends of
    /// its own.</summary>
    private static bool Judges(FlagObstacle? unread) => unread is null or FlagObstacle.NotPermitted;

    private string? Noted(string name, long rise)
    {
        if (rise < 0)
        {
            return "the source's counts of commands fell, so that its notification flags may have been others for a while";
        }

        if (name == Setting)
        {
            return "CONFIG SET ran on the source, so that its notification flags may have been others for a while";
        }

        _uses += rise;
        if (++_gaps > MostGaps)
        {
            return null;
        }

        const string reason =
            "others ran CONFIG on the source, which does not count apart who sets and who reads: its notification flags may have been others for a while";
        return _gaps == MostGaps ? $"{reason} (from now on such uses are taken for monitoring)" : reason;
    }
}

/// <summary>What a look has seen of those who set flags.</summary>
/// <param name="Name">The name of the count.</param>
/// <param name="Count">How often it was called, or <see langword="null"/> where the source does not say.</param>
/// <param name="Ours">How many of these calls were ours.</param>
internal sealed record SetterLook(string Name, long? Count, long Ours)
{
    /// <summary>Whether none of ours was under way when the source counted.</summary>
    public required bool IsExact { get; init; }

    /// <summary>Why the flags cannot be read, or <see langword="null"/>.</summary>
    public required FlagObstacle? Unread { get; init; }

    /// <summary>Whether the counts were reset since the look before, which is a gap of its own.</summary>
    public bool WereReset { get; init; }

    /// <summary>Whether another look was compared while this one was asked for.</summary>
    public bool Overlaps { get; init; }
}
