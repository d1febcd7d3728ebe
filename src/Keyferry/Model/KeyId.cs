namespace Keyferry.Model;

/// <summary>A key: the number of its logical database and its name.</summary>
internal readonly record struct KeyId(int Database, KeyName Name);
