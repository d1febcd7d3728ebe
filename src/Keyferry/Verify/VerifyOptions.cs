using Keyferry.Model;
using Keyferry.Throttle;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>What is compared and how sure it has to be. The defaults are what most comparisons want.</summary>
internal sealed record VerifyOptions
{
    /// <summary>The databases to compare; <see langword="null"/> for every database that has keys on either side, each with the one of its number.</summary>
    public IReadOnlyList<DatabasePair>? Databases { get; init; }

    /// <summary>By how much the run moved the expiries; <see langword="null"/> to measure both clocks and decide as a run would.</summary>
    public ExpiryShift? Shift { get; init; }

    /// <summary>How far expiries may be apart, beyond the uncertainty of the measured clocks.</summary>
    public TimeSpan ExpiryTolerance { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Whether expiries have to be the same to the millisecond where both servers tell the absolute time and their clocks agree
    /// (<see cref="Shift"/> is zero). A run wants it, as it has written them itself.
    /// </summary>
    public bool ExactExpiry { get; init; }

    /// <summary>Keys per SCAN page; less where values are large.</summary>
    public int PageSize { get; init; } = 500;

    /// <summary>How often a key that looks different is looked at before it counts, the first time included.</summary>
    public int Looks { get; init; } = 5;

    /// <summary>The pause between two looks; in a migration the run settles instead.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How many differences of each kind are named.</summary>
    public int KeepFirst { get; init; } = 10;

    /// <summary>How many keys that look different are kept for another look; beyond it equality cannot be proved any more.</summary>
    public int CandidateLimit { get; init; } = 100_000;

    /// <summary>Bytes for the names of a database of the target that are remembered while it is compared; of more, it is walked over again where some are open.</summary>
    public long RoomForNames { get; init; } = KeptNames.UsualRoom;

    /// <summary>Whether the target is to have nothing but the source's keys. Where not (<c>--target-keys merge</c>), surplus keys are counted apart.</summary>
    public bool TargetKeysOwned { get; init; } = true;

    /// <summary>Whether writes to the source are held back (<c>CLIENT PAUSE WRITE</c>). Then nothing is asked that would be held back too, such as EVAL.</summary>
    public bool SourceIsFenced { get; init; }

    /// <summary>Keys whose name begins so are Keyferry's own (temporary and probe keys) and take no part.</summary>
    public string IgnoredPrefix { get; init; } = "keyferry:{";

    /// <summary>Which names take part.</summary>
    public KeyNames Names { get; init; } = KeyNames.All;

    /// <summary>Which names of a pair of databases take part, and what they are called on the target.</summary>
    public KeyNames NamesOf(DatabasePair pair) => pair.Names ?? Names;

    /// <summary>Which kinds of keys take part. What the source has of others is not to be on the target.</summary>
    public KeyKinds Kinds { get; init; } = KeyKinds.All;

    /// <summary>Only keys in these slots; <see langword="null"/> for all.</summary>
    public SlotRanges? Slots { get; init; }

    /// <summary>What the run made of expiries.</summary>
    public ExpiryPolicy Expiry { get; init; } = ExpiryPolicy.Keep;

    /// <summary>Whether sums over everything that the servers have can be compared: nothing is chosen, and nothing changed on the way.</summary>
    public bool ComparesSums =>
        Names.AreAll && Databases?.Any(static pair => pair.Names is not null) != true && Kinds.AreAll && Expiry.Keeps && Slots is null;

    /// <summary>Says of a key that the target lacks whether it is missing there by intent; <see langword="null"/> where none is.</summary>
    public Func<KeyId, bool>? IsLeftOut { get; init; }

    /// <summary>How long a server may stay away before the comparison gives up.</summary>
    public TimeSpan OutageBudget { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Rests between pieces of the work, for the sake of those who use the servers meanwhile; <see langword="null"/> for none.</summary>
    public Rests? Rests { get; init; }

    /// <summary>How fast the source may be read; <see langword="null"/> for as fast as it answers.</summary>
    public SourcePace? Pace { get; init; }

    /// <summary>Called after each page.</summary>
    public Action<VerifyProgress>? Progress { get; init; }
}
