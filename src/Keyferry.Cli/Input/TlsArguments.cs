using System.CommandLine;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cli.Input;

/// <summary>How TLS with one server is spoken: four options and a switch, each with a variable of the same name.</summary>
internal sealed class TlsArguments
{
    private readonly string _role;
    private readonly string[] _variablePrefixes;
    private readonly Option<string?> _authorities;
    private readonly Option<string?> _certificate;
    private readonly Option<string?> _key;
    private readonly Option<string?> _name;
    private readonly Option<bool> _insecure;

    /// <summary>Options of <paramref name="role"/>.</summary>
    /// <param name="role"><c>source</c>, <c>target</c> or <c>server</c>.</param>
    /// <param name="optionPrefix">What their names begin with after the dashes.</param>
    /// <param name="variablePrefixes">What the names of their variables begin with; the first that is set counts.</param>
    public TlsArguments(string role, string optionPrefix, params string[] variablePrefixes)
    {
        (_role, _variablePrefixes) = (role, variablePrefixes);
        _authorities = File("ca", $"Trust only these authorities (PEM) for the certificate of the {role}. Default: the machine's.");
        _certificate = File("cert", $"Show this certificate (PEM) to the {role}.");
        _key = File("key", "The private key of that certificate (PEM). Default: it is in the same file.");
        _name = new Option<string?>($"--{optionPrefix}tls-name")
        {
            HelpName = "NAME",
            Description = $"The name that the certificate of the {role} must be valid for. Default: the host.",
        };
        _insecure = new Option<bool>($"--{optionPrefix}tls-insecure")
        {
            Description = $"Take any certificate of the {role}: anybody between here and there can read and change everything.",
        };

        Option<string?> File(string what, string description) =>
            new($"--{optionPrefix}tls-{what}") { HelpName = "FILE", Description = description };
    }

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_authorities, _certificate, _key, _name, _insecure])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Reads them, options before variables; warns where the certificate is not looked at.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="endpoint">The server that they are for.</param>
    /// <param name="surroundings">The environment, and where warnings go.</param>
    /// <returns>The endpoint with its terms.</returns>
    /// <exception cref="KeyferryException">They contradict each other or the URI, or a file cannot be used.</exception>
    public Endpoint Read(ParseResult parsed, Endpoint endpoint, Surroundings surroundings)
    {
        string? Text(Option<string?> option, string name) => parsed.GetValue(option) ?? Variable(surroundings, name);
        var terms = new TlsTerms
        {
            AuthorityFile = Text(_authorities, "CA"),
            CertificateFile = Text(_certificate, "CERT"),
            KeyFile = Text(_key, "KEY"),
            ServerName = Text(_name, "NAME"),
            Insecure = parsed.GetValue(_insecure) || Switch(surroundings),
        };
        if (terms == TlsTerms.Default)
        {
            return endpoint;
        }

        Require(
            endpoint.Tls || endpoint.Sentinel?.Tls == true,
            $"Options of TLS were given for the {_role}, but {endpoint} is not to be spoken with in TLS.",
            "Write rediss:// instead of redis://, or leave the options (and their variables) out."
        );
        Require(
            terms.KeyFile is null || terms.CertificateFile is not null,
            $"{_key.Name} was given without {_certificate.Name}.",
            "Give both."
        );
        Require(
            !terms.Insecure || terms is { AuthorityFile: null, ServerName: null },
            $"{_insecure.Name} takes any certificate, and {_authorities.Name} or {_name.Name} says which to take.",
            $"Leave {_insecure.Name} out."
        );
        try
        {
            TlsFiles.Check(terms);
        }
        catch (TlsException unusable)
        {
            throw TlsTrouble.Explain(unusable, endpoint, _role);
        }

        if (terms.Insecure)
        {
            surroundings.Error.WriteLine(
                $"warning: {_insecure.Name}: the certificate of the {_role} {endpoint} is not looked at; anybody between here and there can read and change everything, the password too"
            );
        }

        return endpoint with
        {
            TlsTerms = terms,
        };
    }

    private static void Require(bool holds, string saw, string remedy)
    {
        if (!holds)
        {
            throw new KeyferryException(FailureKind.Usage, saw, remedy);
        }
    }

    private string? Variable(Surroundings surroundings, string name) =>
        _variablePrefixes
            .Select(prefix => surroundings.Variable($"{prefix}TLS_{name}"))
            .FirstOrDefault(static value => !string.IsNullOrEmpty(value));

    private bool Switch(Surroundings surroundings) =>
        Variable(surroundings, "INSECURE") switch
        {
            null or "0" or "false" or "no" => false,
            "1" or "true" or "yes" => true,
            _ => throw new KeyferryException(
                FailureKind.Usage,
                $"{_variablePrefixes[0]}TLS_INSECURE is neither 1 nor 0.",
                "Set it to 1 or to 0, or leave it out."
            ),
        };
}
