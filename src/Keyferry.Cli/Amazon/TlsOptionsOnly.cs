using System.CommandLine;
using Keyferry.Aws.ElastiCache;
using Keyferry.Cli.Commands;
using Keyferry.Cli.Input;
using Keyferry.Model;
using Keyferry.Servers;

namespace Keyferry.Cli.Amazon;

/// <summary>How TLS is spoken with a cache whose address and token are known already.</summary>
internal sealed class TlsOptionsOnly
{
    private readonly TlsArguments _tls = new("server", "", "KEYFERRY_");

    /// <summary>Adds the options to <paramref name="command"/>.</summary>
    public void AddTo(Command command) => _tls.AddTo(command);

    /// <summary>Connections to a node.</summary>
    public ServerConnector Connect(ParseResult parsed, Surroundings surroundings, Cache cache, CacheAddress address, Secret? token)
    {
        var endpoint = new Endpoint
        {
            Host = address.Host,
            Port = address.Port,
            Tls = cache.Tls,
            Password = token,
        };
        return ServerArguments.Connect(cache.Tls ? _tls.Read(parsed, endpoint, surroundings) : endpoint, surroundings);
    }
}
