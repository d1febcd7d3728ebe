using System.CommandLine;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Input;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cli.Commands;

/// <summary>What the commands that talk to one server have in common.</summary>
internal sealed class ServerArguments
{
    private readonly EndpointArguments _server = EndpointArguments.Server();

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command) => _server.AddTo(command);

    /// <summary>Whether a server was named by its URI, on the command line or in the environment.</summary>
    public bool IsGiven(ParseResult parsed, Surroundings surroundings) => _server.IsGiven(parsed, surroundings);

    /// <summary>The cache that the URI names by its id, or <see langword="null"/>.</summary>
    /// <exception cref="Model.KeyferryException">The URI is not usable.</exception>
    public CacheUri? CacheOf(ParseResult parsed, Surroundings surroundings) =>
        IsGiven(parsed, surroundings) ? _server.CacheOf(parsed, surroundings) : null;

    /// <summary><paramref name="bare"/>, an address that is known from elsewhere, with the credentials and the TLS terms that were given.</summary>
    public Model.Endpoint Complete(ParseResult parsed, Surroundings surroundings, Model.Endpoint bare) =>
        _server.Complete(parsed, surroundings, bare);

    /// <summary>Connections to the server that was named.</summary>
    /// <exception cref="Model.KeyferryException">None was named, or not in a usable way.</exception>
    public ServerConnector Read(ParseResult parsed, Surroundings surroundings) => Connect(_server.Read(parsed, surroundings), surroundings);

    /// <summary>Connections to <paramref name="endpoint"/>.</summary>
    /// <param name="endpoint">The server.</param>
    /// <param name="surroundings">The clock, and how patiently.</param>
    /// <param name="role">What it is called in messages.</param>
    public static ServerConnector Connect(Model.Endpoint endpoint, Surroundings surroundings, string role = "server") =>
        new(
            new SocketDialer(surroundings.ConnectTimeout, surroundings.Time),
            endpoint,
            role,
            new ConnectionSettings { RunName = "cli" },
            surroundings.Time
        );
}
