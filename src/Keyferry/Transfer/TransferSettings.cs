using Keyferry.Model;

namespace Keyferry.Transfer;

/// <summary>How values are read and written in this run: decided once, from what both servers are.</summary>
/// <param name="HasPExpireTime">The source tells absolute expiries.</param>
/// <param name="ExpiryShift">Added to the source's absolute times to give the target's.</param>
/// <param name="Scope">Which databases are moved, and where to.</param>
internal sealed record TransferSettings(bool HasPExpireTime, TimeSpan ExpiryShift, DatabaseScope Scope);
