using Keyferry.Model;
using Keyferry.Payloads;

namespace Keyferry.Transfer;

/// <summary>How values are read and written in this run: decided once, from what both servers are.</summary>
/// <param name="HasPExpireTime">The source tells absolute expiries.</param>
/// <param name="ExpiryShift">Added to the source's absolute times to give the target's.</param>
/// <param name="Scope">Which databases are moved, and where to.</param>
/// <param name="SourceFormat">The payloads that the source writes.</param>
/// <param name="TargetFormat">The payloads that the target reads.</param>
internal sealed record TransferSettings(
    bool HasPExpireTime,
    TimeSpan ExpiryShift,
    DatabaseScope Scope,
    PayloadFormat SourceFormat,
    PayloadFormat TargetFormat
)
{
    /// <summary>Bytes of the longest word of a command that servers take unless they are told otherwise.</summary>
    public const long UsualLongestWord = 512L << 20;

    /// <summary>Why a key is not moved that would be called on the target as another one is.</summary>
    public const string NameTaken = "the rename gives it a name that is, or could be, that of another key";

    /// <summary>The target's clock, in milliseconds since 1970.</summary>
    public Func<long> TargetNow { get; init; } = static () => 0;

    /// <summary>The expiry that a key gets on the target.</summary>
    /// <param name="onSource">The source's absolute time in milliseconds, or negative for none.</param>
    /// <returns>Milliseconds since 1970 by the target's clock, or -1 for a key that does not expire.</returns>
    public long ExpiryOnTarget(long onSource) =>
        onSource < 0 ? -1
        : Scope.Expiry.Keeps ? onSource + (long)ExpiryShift.TotalMilliseconds
        : Scope.Expiry.Apply(onSource + (long)ExpiryShift.TotalMilliseconds, TargetNow());

    /// <summary>Whether the source tells how much memory a value uses (MEMORY USAGE), so that large ones are known before they are read.</summary>
    public bool TellsSizes { get; init; }

    /// <summary>Whether short strings may be read by MGET: they are known to be short, expiries are told by a question of their own, and no two keys are apart.</summary>
    public bool ReadsByMGet { get; init; }

    /// <summary>Whether the target takes strings that do not expire many at a time, by MSET: it may be used, and no two keys are apart.</summary>
    public bool WritesByMSet { get; init; }

    /// <summary>Bytes of memory on the source from which on a value is moved in pieces.</summary>
    public long LargeValue { get; init; } = 2 << 20;

    /// <summary>Bytes that a piece of a large value is meant to have at most: for so long other clients of the source wait for one.</summary>
    public int Piece { get; init; } = 256 * 1024;

    /// <summary>Bytes of the longest word of a command that the target takes (its <c>proto-max-bulk-len</c>): a longer one ends the connection.</summary>
    public long LargestPayload { get; init; } = UsualLongestWord;

    /// <summary>How long the source may be busy with a piece; pieces get smaller where it was longer.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>A clock that only goes forward.</summary>
    public Func<TimeSpan> Clock { get; init; } = static () => TimeSpan.Zero;

    /// <summary>Whether the target is to have nothing else: what does not belong to the run (any more) is removed there, and not only left alone.</summary>
    public bool OwnsTarget { get; init; } = true;

    /// <summary>Whether keys that the target cannot hold are left out of the run instead of counting as refused.</summary>
    public bool LeavesOut { get; init; }
}
