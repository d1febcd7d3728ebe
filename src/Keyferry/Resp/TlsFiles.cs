using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Keyferry.Model;

namespace Keyferry.Resp;

/// <summary>Reads the PEM files of <see cref="TlsTerms"/>.</summary>
internal static class TlsFiles
{
    /// <summary>Reads all of them once, so that a run that cannot use them does not begin.</summary>
    /// <exception cref="TlsException">One of them cannot be read or is not what it should be; the message names it and never shows what is in it.</exception>
    public static void Check(TlsTerms terms)
    {
        _ = Authorities(terms);
        _ = OwnCertificate(terms);
    }

    /// <summary>The authorities that are trusted, or <see langword="null"/> for the machine's.</summary>
    /// <exception cref="TlsException">The file cannot be used.</exception>
    public static X509Certificate2Collection? Authorities(TlsTerms terms)
    {
        if (terms.AuthorityFile is not { } path)
        {
            return null;
        }

        var found = new X509Certificate2Collection();
        Read(path, "authorities", () => found.ImportFromPemFile(path));
        return found.Count > 0
            ? found
            : throw new TlsException(TlsFault.File, $"the file of authorities {path} holds no certificate in PEM form");
    }

    /// <summary>Our certificate with what stands between it and its authority, or <see langword="null"/> where none is shown.</summary>
    /// <exception cref="TlsException">A file cannot be used.</exception>
    public static SslStreamCertificateContext? OwnCertificate(TlsTerms terms)
    {
        if (terms.CertificateFile is not { } path)
        {
            return null;
        }

        X509Certificate2? own = null;
        var chain = new X509Certificate2Collection();
        Read(
            terms.KeyFile is null ? path : $"{path} with {terms.KeyFile}",
            "our certificate and its key",
            () =>
            {
                own = Usable(X509Certificate2.CreateFromPemFile(path, terms.KeyFile));
                chain.ImportFromPemFile(path);
            }
        );
        return own is null ? null : SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private static X509Certificate2 Usable(X509Certificate2 read)
    {
        if (!OperatingSystem.IsWindows())
        {
            return read;
        }

        // Windows does not show a certificate whose key is only in memory.
        using (read)
        {
            return X509CertificateLoader.LoadPkcs12(read.Export(X509ContentType.Pkcs12), password: null);
        }
    }

    private static void Read(string path, string what, Action read)
    {
        try
        {
            read();
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new TlsException(TlsFault.File, $"the file of {what} ({path}) cannot be used: {failed.Message.TrimEnd('.')}", failed);
        }
    }
}
