namespace Keyferry.Model;

/// <summary>How a primary is found that sentinels watch over.</summary>
/// <param name="Service">The name under which they know it: <c>mymaster</c>.</param>
/// <param name="Sentinels">Where they listen.</param>
public sealed record SentinelTerms(string Service, IReadOnlyList<SentinelAddress> Sentinels)
{
    /// <summary>Whether the sentinels are spoken with in TLS; <see langword="null"/> where that is as with the servers.</summary>
    public bool? Tls { get; init; }

    /// <summary>ACL user on the sentinels, or <see langword="null"/> for the default user.</summary>
    public string? User { get; init; }

    /// <summary>The sentinels' own password; <see langword="null"/> where they have none, or the servers'.</summary>
    public Secret? Password { get; init; }

    /// <summary><c>mymaster (sentinels 10.0.0.1:26379, 10.0.0.2:26379)</c></summary>
    public override string ToString() => $"{Service} (sentinel{(Sentinels.Count == 1 ? "" : "s")} {string.Join(", ", Sentinels)})";
}

/// <summary>Where one sentinel listens.</summary>
/// <param name="Host">Host name or address, IPv6 without brackets.</param>
/// <param name="Port">TCP port.</param>
public sealed record SentinelAddress(string Host, int Port)
{
    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}
