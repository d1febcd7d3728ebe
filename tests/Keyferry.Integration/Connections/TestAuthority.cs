using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Keyferry.Integration.Connections;

/// <summary>A certificate authority of a test's own, with its files in a folder of the test's.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly string _folder;
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private int _issued;

    public TestAuthority(string folder, string name)
    {
        _folder = folder;
        var request = new CertificateRequest($"CN={name}", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddYears(-2), TimeProvider.System.GetUtcNow().AddYears(1));
        File = Path.Combine(folder, $"{name}.crt");
        System.IO.File.WriteAllText(File, _certificate.ExportCertificatePem());
    }

    /// <summary>The authority's own certificate.</summary>
    public string File { get; }

    /// <summary>Issues a certificate for names and addresses, valid until <paramref name="until"/> (default: in a month).</summary>
    /// <returns>The files of the certificate and of its key.</returns>
    public (string Certificate, string Key) Issue(string subject, string[] names, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject}", key, HashAlgorithmName.SHA256);
        var alternative = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternative.AddIpAddress(address);
            }
            else
            {
                alternative.AddDnsName(name);
            }
        }

        if (names.Length > 0)
        {
            request.CertificateExtensions.Add(alternative.Build());
        }

        var end = until ?? TimeProvider.System.GetUtcNow().AddMonths(1);
        using var issued = request.Create(_certificate, end.AddMonths(-3), end, BitConverter.GetBytes(++_issued));
        var path = Path.Combine(_folder, $"{subject}-{_issued}");
        System.IO.File.WriteAllText(path + ".crt", issued.ExportCertificatePem());
        System.IO.File.WriteAllText(path + ".key", key.ExportPkcs8PrivateKeyPem());
        return (path + ".crt", path + ".key");
    }

    /// <summary>The arguments of a server on 127.0.0.1 that has a certificate of this authority, and trusts it; clients need none.</summary>
    public string[] Arguments()
    {
        var (certificate, key) = Issue("server", ["127.0.0.1"]);
        return
        [
            .. (string[])["--tls-cert-file", certificate, "--tls-key-file", key],
            .. (string[])["--tls-ca-cert-file", File, "--tls-auth-clients", "no"],
        ];
    }

    public void Dispose()
    {
        _certificate.Dispose();
        _key.Dispose();
    }
}
