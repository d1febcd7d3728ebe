using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>One key that differs, and how.</summary>
/// <param name="Key">Which key.</param>
/// <param name="Kind">How it differs.</param>
/// <param name="Detail">What exactly, without any of the value: <c>hash: 10 fields against 9</c>, <c>expires 4.2 s later</c>. May be empty.</param>
internal sealed record Difference(KeyId Key, DifferenceKind Kind, string Detail);
