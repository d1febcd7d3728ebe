using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Input;

/// <summary>How <c>keyferry restore</c> is told to get into servers of which only host and port are recorded.</summary>
/// <remarks>For each server: a URI that names it, as argument or as <c>KEYFERRY_SOURCE</c> or <c>KEYFERRY_URI</c>; else the options; else the environment.</remarks>
internal sealed class LeaseCredentials
{
    private readonly Argument<string[]> _uris = new("URI")
    {
        Arity = ArgumentArity.ZeroOrMore,
        Description = "Servers with their credentials, where they differ from each other: redis://user:password@host:port.",
    };

    private readonly Option<string?> _user = new("--user")
    {
        HelpName = "NAME",
        Description = "ACL user. Default: KEYFERRY_USER, or KEYFERRY_SOURCE_USER.",
    };

    private readonly Option<string?> _passwordFile = new("--password-file")
    {
        HelpName = "PATH",
        Description = "File whose first line is the password. Default: KEYFERRY_PASSWORD, or KEYFERRY_SOURCE_PASSWORD.",
    };

    private readonly TlsArguments _tls = new("server", "", "KEYFERRY_", "KEYFERRY_SOURCE_");

    /// <summary>Adds argument and options to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Arguments.Add(_uris);
        command.Options.Add(_user);
        command.Options.Add(_passwordFile);
        _tls.AddTo(command);
    }

    /// <summary>Reads what was given.</summary>
    /// <returns>Where to connect for a lease, with credentials.</returns>
    /// <exception cref="KeyferryException">A URI or the file is not usable.</exception>
    public Func<LeaseRecord, Endpoint> Read(ParseResult parsed, Surroundings surroundings)
    {
        var texts = (parsed.GetValue(_uris) ?? []).Concat(Variables(surroundings, "KEYFERRY_SOURCE", "KEYFERRY_URI"));
        var named = texts
            .Select(text =>
                CacheUri.IsOne(text) ? CacheEndpoint.Resolve(text, "server", surroundings).Endpoint : EndpointUri.Parse(text, "server")
            )
            .ToList();
        var user = parsed.GetValue(_user) ?? Variables(surroundings, "KEYFERRY_USER", "KEYFERRY_SOURCE_USER").FirstOrDefault();
        var password = parsed.GetValue(_passwordFile) is { } path
            ? PasswordFile.Read(path, _passwordFile.Name)
            : Variables(surroundings, "KEYFERRY_PASSWORD", "KEYFERRY_SOURCE_PASSWORD")
                .Select(static text => new Secret(text))
                .FirstOrDefault();
        surroundings.Mask.Add(password);
        named.ForEach(endpoint => surroundings.Mask.Add(endpoint.Password));
        return lease =>
        {
            var known = named.Find(lease.IsOn);
            var endpoint = lease.ToEndpoint() with
            {
                Tls = known?.Tls ?? lease.Tls,
                User = known?.User ?? user,
                Password = known?.Password ?? password,
                PasswordSource = known?.PasswordSource,
            };
            return endpoint.Tls ? _tls.Read(parsed, endpoint, surroundings) : endpoint;
        };
    }

    private static IEnumerable<string> Variables(Surroundings surroundings, params string[] names) =>
        names.Select(surroundings.Variable).OfType<string>().Where(static text => text.Length > 0);
}
