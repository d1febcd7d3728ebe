using Keyferry.Model;

namespace Keyferry.Observe;

/// <summary>A key that stood out among those that were moved.</summary>
/// <param name="Key">Which.</param>
/// <param name="Type">Its type.</param>
/// <param name="Bytes">What the source sent for it, in bytes.</param>
/// <param name="Took">From the moment that a lane took it to the target's acknowledgement.</param>
internal sealed record NotableKey(KeyId Key, KeyType Type, long Bytes, TimeSpan Took);
