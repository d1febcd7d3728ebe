namespace Keyferry.Servers;

/// <summary>What all connections of a run have in common.</summary>
internal sealed record ConnectionSettings
{
    /// <summary>A short name of the run, part of the client names.</summary>
    public string RunName { get; init; } = "run";

    /// <summary>How long a server may be silent while a reply is due.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(15);
}
