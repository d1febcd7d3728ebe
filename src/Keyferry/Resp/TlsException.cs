namespace Keyferry.Resp;

/// <summary>What is wrong with a TLS session; each has its own remedy.</summary>
internal enum TlsFault
{
    /// <summary>The other side does not answer in TLS.</summary>
    NotSpoken,

    /// <summary>Its certificate was not issued by an authority that is trusted here.</summary>
    UnknownAuthority,

    /// <summary>Its certificate is for other names.</summary>
    OtherName,

    /// <summary>Its certificate is not valid any more, or not yet.</summary>
    OutOfDate,

    /// <summary>It wants a certificate of ours, and none was given.</summary>
    CertificateWanted,

    /// <summary>It does not accept our certificate.</summary>
    CertificateRefused,

    /// <summary>A file of ours cannot be used.</summary>
    File,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>TLS could not be agreed upon.</summary>
/// <param name="fault">What is wrong.</param>
/// <param name="message">What was seen, without the full stop.</param>
/// <param name="inner">The technical cause.</param>
internal sealed class TlsException(TlsFault fault, string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>What is wrong.</summary>
    public TlsFault Fault { get; } = fault;
}
