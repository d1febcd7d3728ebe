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
    /// <summary>Whether keys that the target cannot hold are left out of the run instead of counting as refused.</summary>
    public bool LeavesOut { get; init; }
}
