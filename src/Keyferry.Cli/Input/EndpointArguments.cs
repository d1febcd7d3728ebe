using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Model;

namespace Keyferry.Cli.Input;

/// <summary>How a command is told where a server is and how to get in: an argument, options, and the environment.</summary>
/// <remarks>User and password are looked for one by one: in the options first, then in the URI, then in the environment.</remarks>
internal sealed class EndpointArguments
{
    private readonly string _role;
    private readonly string _variablePrefix;
    private readonly Argument<string?> _uri;
    private readonly Option<string?> _user;
    private readonly Option<string?> _passwordFile;
    private readonly TlsArguments _tls;
    private readonly SentinelArguments _sentinels;

    private EndpointArguments(string role, string argument, string optionPrefix, string variablePrefix)
    {
        _role = role;
        _variablePrefix = variablePrefix;
        _uri = new Argument<string?>(argument)
        {
            Arity = ArgumentArity.ZeroOrOne,
            Description =
                $"The {role}: redis://host:port/db, rediss://... for TLS, host:port, or elasticache://ID?region=R. Default: {UriVariable}.",
        };
        _user = new Option<string?>($"--{optionPrefix}user")
        {
            HelpName = "NAME",
            Description = $"ACL user on the {role}. Default: the URI's, or {variablePrefix}USER.",
        };
        _passwordFile = new Option<string?>($"--{optionPrefix}password-file")
        {
            HelpName = "PATH",
            Description = $"File whose first line is the password for the {role}. Default: the URI's, or {variablePrefix}PASSWORD.",
        };
        _tls = new TlsArguments(role, optionPrefix, variablePrefix);
        _sentinels = new SentinelArguments(role, optionPrefix, variablePrefix);
    }

    // The guides' variables name a source; a command of one server looks at the source.
    private bool IsGuided => _role != "target";

    private string UriVariable => _variablePrefix == "KEYFERRY_" ? "KEYFERRY_URI" : _variablePrefix.TrimEnd('_');

    /// <summary><c>SOURCE</c>, <c>--source-user</c>, <c>--source-password-file</c>, <c>KEYFERRY_SOURCE...</c></summary>
    public static EndpointArguments Source() => new("source", "SOURCE", "source-", "KEYFERRY_SOURCE_");

    /// <summary><c>TARGET</c>, <c>--target-user</c>, <c>--target-password-file</c>, <c>KEYFERRY_TARGET...</c></summary>
    public static EndpointArguments Target() => new("target", "TARGET", "target-", "KEYFERRY_TARGET_");

    /// <summary>For commands of one server: <c>URI</c>, <c>--user</c>, <c>--password-file</c>, <c>KEYFERRY_URI</c>, <c>KEYFERRY_USER</c>, <c>KEYFERRY_PASSWORD</c>.</summary>
    public static EndpointArguments Server() => new("server", "URI", "", "KEYFERRY_");

    /// <summary>Adds argument and options to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_uri);
        command.Options.Add(_user);
        command.Options.Add(_passwordFile);
        _sentinels.AddTo(command);
        _tls.AddTo(command);
    }

    /// <summary>Whether anything names the server.</summary>
    public bool IsGiven(ParseResult parsed, Surroundings surroundings) =>
        !string.IsNullOrWhiteSpace(parsed.GetValue(_uri) ?? Set(surroundings, UriVariable));

    /// <summary>Reads the endpoint; a password on the command line works, with a note on standard error.</summary>
    /// <exception cref="KeyferryException">Nothing names the server, or what does is not usable (<see cref="FailureKind.Usage"/>).</exception>
    public Endpoint Read(ParseResult parsed, Surroundings surroundings)
    {
        var given = parsed.GetValue(_uri);
        var text = given ?? Set(surroundings, UriVariable);
        if (text is null && IsGuided && GuideVariables.Read(surroundings) is { } guided)
        {
            return Complete(parsed, surroundings, guided);
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"No {_role} was given.",
                $"Name it as {_uri.Name} on the command line (redis://host:port or host:port), or set {UriVariable}."
            );
        }

        if (CacheUri.IsOne(text))
        {
            var (address, cache) = CacheEndpoint.Resolve(text, _role, surroundings);
            var complete = Complete(parsed, surroundings, address);
            CacheEndpoint.Require(cache, complete, _role);
            return complete;
        }

        var endpoint = EndpointUri.Parse(text, _role);
        surroundings.Mask.Add(endpoint.Password);
        if (given is not null && endpoint.Password?.Reveal().Length > 0)
        {
            surroundings.Error.WriteLine(
                $"note: the {_role}'s password stands on the command line, where other users of this machine can read it; "
                    + $"{_passwordFile.Name} and {_variablePrefix}PASSWORD keep it out of there"
            );
        }

        return Complete(parsed, surroundings, endpoint);
    }

    /// <summary>The cache that is named by its id, or that the guides' variables name beside the host; <see langword="null"/> where AWS has no part in it.</summary>
    /// <exception cref="KeyferryException">The URI is not usable.</exception>
    public CacheUri? CacheOf(ParseResult parsed, Surroundings surroundings)
    {
        var text = parsed.GetValue(_uri) ?? Set(surroundings, UriVariable);
        return text is not null && CacheUri.IsOne(text) ? CacheUri.Parse(text, _role)
            : text is null && IsGuided && surroundings.Guide("ELASTICACHE_CLUSTER_ID") is { } id
                ? new CacheUri { Id = id.ToLowerInvariant() }
            : null;
    }

    /// <summary>Whether the guides' variables alone say where the server is.</summary>
    public bool HasGuidesHost(ParseResult parsed, Surroundings surroundings) =>
        IsGuided && !IsGiven(parsed, surroundings) && surroundings.Guide("REDIS_SOURCE_HOST") is not null;

    /// <summary><paramref name="endpoint"/> with the TLS terms that were given, and nothing else.</summary>
    public Endpoint WithTls(ParseResult parsed, Surroundings surroundings, Endpoint endpoint) => _tls.Read(parsed, endpoint, surroundings);

    /// <summary>Adds credentials and TLS terms, as given by options and environment, to what <paramref name="endpoint"/> has of them.</summary>
    /// <exception cref="KeyferryException">They are not usable (<see cref="FailureKind.Usage"/>).</exception>
    public Endpoint Complete(ParseResult parsed, Surroundings surroundings, Endpoint endpoint)
    {
        endpoint = endpoint with
        {
            User = parsed.GetValue(_user) ?? endpoint.User ?? Set(surroundings, _variablePrefix + "USER"),
            Password = FromFile(parsed.GetValue(_passwordFile)) ?? endpoint.Password ?? FromVariable(surroundings),
        };
        surroundings.Mask.Add(endpoint.Password);
        endpoint = _sentinels.Read(parsed, surroundings, endpoint);
        return endpoint.User is null || endpoint.Password is not null || endpoint.PasswordSource is not null
            ? _tls.Read(parsed, endpoint, surroundings)
            : throw new KeyferryException(
                FailureKind.Usage,
                $"The {_role} has a user but no password.",
                $"Give it with {_passwordFile.Name} PATH or {_variablePrefix}PASSWORD; for a user without one write redis://user:@host:port."
            );
    }

    private static string? Set(Surroundings surroundings, string name) =>
        surroundings.Variable(name) is { Length: > 0 } value ? value : null;

    private Secret? FromVariable(Surroundings surroundings) =>
        Set(surroundings, _variablePrefix + "PASSWORD") is { } password ? new Secret(password) : null;

    private Secret? FromFile(string? path) => path is null ? null : PasswordFile.Read(path, _passwordFile.Name);
}
