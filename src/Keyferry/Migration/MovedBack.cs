using Keyferry.Observe;

namespace Keyferry.Migration;

/// <summary>What a way back has done until it was closed, or the clients were brought back.</summary>
/// <param name="Progress">Its counters.</param>
/// <param name="PutRight">Keys that somebody else wrote on the old side, and that were overwritten or removed.</param>
internal sealed record MovedBack(ProgressSnapshot Progress, long PutRight);
