namespace Keyferry.Transfer;

/// <summary>How large a value is, as far as its server tells.</summary>
/// <param name="Elements">Its elements (of a stream, its entries).</param>
/// <param name="Bytes">The memory that it uses; 0 where that is not known.</param>
internal readonly record struct ValueSize(long Elements, long Bytes);
