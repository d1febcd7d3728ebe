using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>What to do about TLS that could not be agreed upon.</summary>
internal static class TlsTrouble
{
    /// <summary>What was seen, and which option or which side mends it.</summary>
    /// <param name="failed">What is wrong.</param>
    /// <param name="endpoint">The server.</param>
    /// <param name="role"><c>source</c>, <c>target</c> or <c>server</c>, which decides the names of the options.</param>
    public static KeyferryException Explain(TlsException failed, Endpoint endpoint, string role)
    {
        var remedy = failed.Fault switch
        {
            TlsFault.NotSpoken =>
                "If the server speaks plain RESP, use redis:// instead of rediss://. If it does speak TLS, check that this is its TLS port.",
            TlsFault.UnknownAuthority =>
                $"Name the file with the certificate of its authority with {Option(role, "ca")}, if this is the server that you mean.",
            TlsFault.OtherName =>
                $"Use a name that it is valid for, or give the one to expect with {Option(role, "name")}, if this is the server that you mean.",
            TlsFault.OutOfDate => "Renew it on the server, and check the clock of this machine.",
            TlsFault.CertificateWanted => $"Give one with {Option(role, "cert")} and {Option(role, "key")}.",
            TlsFault.CertificateRefused =>
                $"Check that the server trusts the authority of {Option(role, "cert")}, and that it is still valid; the server's log says what it did not like.",
            TlsFault.File => "Check the path and its permissions; the files are in PEM form, and the key is not encrypted.",
            _ => "Check that the server speaks TLS 1.2 or newer, and what its log says.",
        };
        return new KeyferryException(
            failed.Fault == TlsFault.File ? FailureKind.Usage : FailureKind.Unreachable,
            failed.Fault == TlsFault.File
                ? $"TLS with the {role} {endpoint} cannot be spoken: {failed.Message}."
                : $"Cannot reach the {role} {endpoint}: {failed.Message}.",
            remedy,
            failed
        );
    }

    /// <summary>The option of that role.</summary>
    internal static string Option(string role, string what) => role == "server" ? $"--tls-{what}" : $"--{role}-tls-{what}";
}
