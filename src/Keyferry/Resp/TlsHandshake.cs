using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Keyferry.Model;

namespace Keyferry.Resp;

/// <summary>Agrees upon TLS on a connected socket, and says what is wrong where that fails.</summary>
internal sealed class TlsHandshake
{
    /// <summary>Its one element, which is no certificate, is how SslStream is told to show none; its delegate has no nullable form.</summary>
    private static readonly X509Certificate[] None = new X509Certificate[1];

    private readonly Endpoint _endpoint;
    private readonly X509Certificate2Collection? _authorities;
    private readonly SslStreamCertificateContext? _own;
    private TlsException? _refused;
    private bool _asked;

    private TlsHandshake(Endpoint endpoint)
    {
        _endpoint = endpoint;
        _authorities = TlsFiles.Authorities(endpoint.TlsTerms);
        _own = TlsFiles.OwnCertificate(endpoint.TlsTerms);
    }

    private string Name => _endpoint.TlsTerms.ServerName ?? _endpoint.Host;

    /// <summary>Speaks TLS over <paramref name="socket"/>.</summary>
    /// <exception cref="TlsException">They do not agree.</exception>
    public static async Task<ITransport> RunAsync(Socket socket, Endpoint endpoint, CancellationToken stop)
    {
        var handshake = new TlsHandshake(endpoint);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: false));
        try
        {
            await tls.AuthenticateAsClientAsync(handshake.Options(), stop);
            return new TlsTransport(socket, tls, handshake.AfterwardsRefused);
        }
        catch (Exception failed) when (failed is AuthenticationException or IOException)
        {
            await tls.DisposeAsync();
            throw handshake.Explain(failed);
        }
    }

    private SslClientAuthenticationOptions Options()
    {
        var options = new SslClientAuthenticationOptions
        {
            TargetHost = Name,
            ClientCertificateContext = _own,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Accept(certificate as X509Certificate2, chain, errors),
        };
        if (_own is null)
        {
            options.LocalCertificateSelectionCallback = (_, _, _, remote, _) => NoteWish(remote);
        }

        if (_authorities is not null)
        {
            options.CertificateChainPolicy = TrustOnly(_authorities);
        }

        return options;
    }

    private static X509ChainPolicy TrustOnly(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            // The files of private authorities are complete; nothing is fetched from addresses that a stranger's certificate names.
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <remarks>The question is put before anything of the server is known, too; a wish is only what comes after its certificate.</remarks>
    private X509Certificate NoteWish(X509Certificate? remote)
    {
        _asked |= remote is not null;
        return None[0];
    }

    private bool Accept(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || _endpoint.TlsTerms.Insecure)
        {
            return true;
        }

        _refused = Judge(certificate, chain, errors);
        return false;
    }

    private TlsException Judge(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return new TlsException(TlsFault.Other, $"{_endpoint} showed no certificate");
        }

        var chained = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, one) => all | one.Status) ?? default;
        if (chained.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            return new TlsException(
                TlsFault.OutOfDate,
                $"the certificate of {_endpoint}, or one of its authorities, is out of date (its own: valid from {Date(certificate.NotBefore)} to {Date(certificate.NotAfter)})"
            );
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return new TlsException(TlsFault.OtherName, $"the certificate of {_endpoint} is not for {Name}, but for {Names(certificate)}");
        }

        var strange = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.NotSignatureValid;
        return (chained & strange) != X509ChainStatusFlags.NoError
            ? new TlsException(
                TlsFault.UnknownAuthority,
                $"the certificate of {_endpoint} was issued by {Shown(certificate.Issuer)}, which {(_authorities is null ? "this machine does" : "the given authorities do")} not vouch for"
            )
            : new TlsException(TlsFault.Other, $"the certificate of {_endpoint} is not valid ({chained})");
    }

    private TlsException Explain(Exception failed)
    {
        if (_refused is not null)
        {
            return _refused;
        }

        if (AfterwardsRefused(failed) is { } refused)
        {
            return refused;
        }

        // What is not TLS at all shows as a frame of impossible size or an end of the stream; an alert says that it is TLS.
        var spoken = failed.InnerException is not null;
        return spoken
            ? new TlsException(
                TlsFault.Other,
                $"the TLS handshake with {_endpoint} failed: {failed.InnerException?.Message.TrimEnd('.')}",
                failed
            )
            : new TlsException(TlsFault.NotSpoken, $"{_endpoint} does not answer in TLS ({failed.Message.TrimEnd('.')})", failed);
    }

    /// <summary>With TLS 1.3 a server judges our certificate only after the handshake: the first thing that is read is its refusal.</summary>
    /// <returns>What an end of the stream before the first byte means, or <see langword="null"/> where certificates have no part in it.</returns>
    private TlsException? AfterwardsRefused(Exception? failed)
    {
        if (_asked)
        {
            return new TlsException(
                TlsFault.CertificateWanted,
                $"{_endpoint} asks for a client certificate, and ended the connection without one",
                failed
            );
        }

        return _own is not null && failed is not AuthenticationException { InnerException: null }
            ? new TlsException(
                TlsFault.CertificateRefused,
                $"{_endpoint} ended the connection when it was offered the client certificate {Shown(_own.TargetCertificate.Subject)}",
                failed
            )
            : null;
    }

    private static string Names(X509Certificate2 certificate)
    {
        var names = certificate
            .Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(static names =>
                names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(static address => $"{address}"))
            )
            .Take(6)
            .ToList();
        return names.Count > 0 ? string.Join(", ", names.Select(Shown)) : Shown(certificate.Subject);
    }

    private static string Date(DateTime when) =>
        when.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", System.Globalization.CultureInfo.InvariantCulture) + " UTC";

    /// <summary>Texts of a certificate that nobody vouches for are a stranger's: no control characters, and not without end.</summary>
    private static string Shown(string text)
    {
        var clean = string.Concat(text.Select(static sign => char.IsControl(sign) ? '?' : sign));
        return clean.Length > 120 ? clean[..120] + "..." : clean;
    }
}
