namespace Keyferry.Servers;

/// <summary>Which server program answers.</summary>
internal enum ServerFlavor
{
    Redis,
    Valkey,
    KeyDb,
    Dragonfly,
    Redict,
    Other,
}
