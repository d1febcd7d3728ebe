namespace Keyferry.Verify;

/// <summary>A database of the source and the database of the target that must equal it.</summary>
internal readonly record struct DatabasePair(int Source, int Target);
