using System.Net.Sockets;
using System.Text;
using Keyferry.Integration.Servers;

namespace Keyferry.AwsDouble.Caches;

/// <summary>The real server behind one node. Its clients meet the restrictions of the managed service; the double has a way around them.</summary>
/// <remarks>
/// Commands that the service lacks are renamed away, so that the server's own words come back; subcommands cannot be, and are taken from everybody but the double.
/// A node that has replicas must keep PSYNC.
/// </remarks>
public sealed class LocalNode : IAsyncDisposable
{
    private static readonly string[] Missing = ["REPLICAOF", "SLAVEOF", "DEBUG", "MIGRATE", "BGSAVE", "BGREWRITEAOF", "SAVE", "SHUTDOWN"];
    private static readonly string[] MissingBelow =
    [
        "acl|setuser",
        "acl|deluser",
        "acl|load",
        "acl|save",
        "cluster|addslots",
        "cluster|addslotsrange",
        "cluster|bumpepoch",
        "cluster|delslots",
        "cluster|delslotsrange",
        "cluster|failover",
        "cluster|flushslots",
        "cluster|forget",
        "cluster|links",
        "cluster|meet",
        "cluster|setslot",
    ];

    private static readonly string[] MissingServerless =
    [
        "FCALL",
        "FCALL_RO",
        "FUNCTION",
        "KEYS",
        "LASTSAVE",
        "LATENCY",
        "MEMORY",
        "MONITOR",
        "MOVE",
        "OBJECT",
        "PSUBSCRIBE",
        "PUNSUBSCRIBE",
        "SLOWLOG",
        "SWAPDB",
        "WAIT",
    ];

    private static readonly string[] MissingBelowServerless =
    [
        "acl|log",
        "client|caching",
        "client|getredir",
        "client|id",
        "client|info",
        "client|kill",
        "client|list",
        "client|no-evict",
        "client|pause",
        "client|tracking",
        "client|trackinginfo",
        "client|unblock",
        "client|unpause",
        "pubsub|numpat",
    ];

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private readonly RedisServer _server;
    private readonly string _config;
    private readonly string _password;

    private LocalNode(RedisServer server, string config, string password) => (_server, _config, _password) = (server, config, password);

    public int Port => TlsPort ?? _server.Port;

    public int PlainPort => _server.Port;

    public int? TlsPort { get; private init; }

    public static async Task<LocalNode> StartAsync(NodeTerms terms)
    {
        var (config, password) = ($"config-{Guid.NewGuid():N}", $"{Guid.NewGuid():N}");
        var arguments = new List<string> { "--rename-command", "CONFIG", config };
        arguments.AddRange(["--user", "double", "on", $">{password}", "~*", "&*", "+@all"]);
        foreach (var command in terms.Replicates ? Missing : [.. Missing, "PSYNC", "SYNC"])
        {
            arguments.AddRange(["--rename-command", command, ""]);
        }

        foreach (var command in terms.IsServerless ? MissingServerless : [])
        {
            arguments.AddRange(["--rename-command", command, ""]);
        }

        if (terms.AuthToken is { } token)
        {
            arguments.AddRange(["--requirepass", token, "--masterauth", token]);
        }

        int? tlsPort = null;
        if (terms.Certificate is { } certificate)
        {
            tlsPort = FreePort.Take();
            arguments.AddRange([
                "--tls-port",
                $"{tlsPort}",
                "--tls-cert-file",
                certificate.CertificateFile,
                "--tls-key-file",
                certificate.KeyFile,
            ]);
            arguments.AddRange(["--tls-ca-cert-file", certificate.AuthorityFile, "--tls-auth-clients", "no"]);
        }

        if (terms.ClusterMode)
        {
            arguments.AddRange(["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"]);
        }

        if (terms is { ClusterMode: true, IsServerless: true })
        {
            // So that it announces the port on which it speaks TLS.
            arguments.AddRange(["--tls-cluster", "yes"]);
        }

        if (terms.PrimaryPort is { } primary && !terms.ClusterMode)
        {
            arguments.AddRange(["--replicaof", "127.0.0.1", $"{primary}"]);
        }

        var server = await RedisServer.StartAsync(ServerKind.Machine, [.. arguments]);
        var node = new LocalNode(server, config, password) { TlsPort = tlsPort };
        var below = terms.IsServerless ? MissingBelow.Concat(MissingBelowServerless) : MissingBelow;
        _ = await node.SayAsync(["ACL", "SETUSER", "default", .. below.Select(static command => $"-{command}")]);
        return node;
    }

    /// <summary>Sets a parameter as the service does: from outside, at once.</summary>
    public Task<string> ConfigureAsync(string name, string value) => SayAsync(_config, "SET", name, value);

    /// <summary>Reads a parameter past the restrictions.</summary>
    public async Task<string> ConfigurationAsync(string name) =>
        (await SayAsync(_config, "GET", name)).Split("\r\n") is [_, _, _, _, var value, ..] ? value : "";

    /// <summary>Says one command and returns what was answered, as it came.</summary>
    /// <exception cref="TimeoutException">The server said nothing for so long that it will not.</exception>
    public Task<string> SayAsync(params string[] command) => TalkAsync(command).WaitAsync(_patience);

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<string> TalkAsync(string[] command)
    {
        using var socket = new TcpClient("127.0.0.1", _server.Port);
        await using var stream = socket.GetStream();
        _ = await AskAsync(stream, ["AUTH", "double", _password]);
        return await AskAsync(stream, command);
    }

    private static async Task<string> AskAsync(NetworkStream stream, string[] command)
    {
        var text =
            $"*{command.Length}\r\n{string.Concat(command.Select(static word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n"))}";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        var buffer = new byte[64 * 1024];
        var got = await stream.ReadAsync(buffer);
        return Encoding.UTF8.GetString(buffer, 0, got);
    }
}

/// <summary>How a node is to be started.</summary>
/// <param name="ClusterMode">It is part of a cluster.</param>
/// <param name="AuthToken">What clients must say, or <see langword="null"/>.</param>
/// <param name="Certificate">Of a node that speaks TLS, or <see langword="null"/>.</param>
/// <param name="PrimaryPort">Where its primary listens, of a replica.</param>
/// <param name="Replicates">Whether the shard has replicas.</param>
/// <param name="IsServerless">It stands for a serverless cache, which lacks more commands.</param>
public sealed record NodeTerms(
    bool ClusterMode,
    string? AuthToken,
    LocalCertificate? Certificate,
    int? PrimaryPort,
    bool Replicates,
    bool IsServerless = false
);
