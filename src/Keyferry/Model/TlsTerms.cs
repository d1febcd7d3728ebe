namespace Keyferry.Model;

/// <summary>How the certificate of a server is judged, and what is shown of ours. Files are PEM, and are read anew for each connection, so that certificates may be renewed during a run.</summary>
public sealed record TlsTerms
{
    /// <summary>What holds where nothing was said: the machine's authorities, the endpoint's host name, no certificate of ours.</summary>
    public static readonly TlsTerms Default = new();

    /// <summary>File with the certificates of the authorities that are trusted, instead of the machine's; <see langword="null"/> for the machine's.</summary>
    public string? AuthorityFile { get; init; }

    /// <summary>File with our certificate, and perhaps those between it and its authority.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>File with our certificate's private key; <see langword="null"/> where it stands in <see cref="CertificateFile"/>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The name that is asked for (SNI) and that the certificate must be valid for; <see langword="null"/> for the endpoint's host.</summary>
    public string? ServerName { get; init; }

    /// <summary>Takes any certificate: the connection is encrypted, but it is not known with whom.</summary>
    public bool Insecure { get; init; }
}
