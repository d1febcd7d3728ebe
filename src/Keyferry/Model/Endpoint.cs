namespace Keyferry.Model;

/// <summary>Where a server listens and how to get in. Source and target use the same type.</summary>
/// <remarks>The record's text form names host and port only; credentials are <see cref="Secret"/>s and never print.</remarks>
public sealed record Endpoint
{
    /// <summary>Host name, IPv4 address or IPv6 address without brackets.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port, 1 to 65535.</summary>
    public int Port { get; init; } = 6379;

    /// <summary>TLS from the first byte (<c>rediss://</c>).</summary>
    public bool Tls { get; init; }

    /// <summary>How TLS is spoken, where it is.</summary>
    public TlsTerms TlsTerms { get; init; } = TlsTerms.Default;

    /// <summary>ACL user, or <see langword="null"/> for the default user.</summary>
    public string? User { get; init; }

    /// <summary>Password, or <see langword="null"/> when none is sent.</summary>
    public Secret? Password { get; init; }

    /// <summary>Makes a password for each login, in place of <see cref="Password"/>; <see langword="null"/> where there is none such.</summary>
    public IPasswordSource? PasswordSource { get; init; }

    /// <summary>The logical database named in the URI, or <see langword="null"/> when the URI names none (all databases).</summary>
    public int? Database { get; init; }

    /// <summary>How the primary is found, where sentinels watch over it; host and port are the first sentinel's then. Otherwise <see langword="null"/>.</summary>
    public SentinelTerms? Sentinel { get; init; }

    /// <summary><c>host:port</c>, with brackets around an IPv6 address. Safe to print.</summary>
    public override string ToString() =>
        Sentinel is { } sentinel ? sentinel.ToString()
        : Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}"
        : $"{Host}:{Port}";
}
