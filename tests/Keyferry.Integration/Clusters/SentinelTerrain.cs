using Keyferry.Integration.Connections;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Clusters;

/// <summary>How the servers of a <see cref="SentinelPair"/> and their sentinel are reached.</summary>
/// <param name="Kind">Which program.</param>
/// <param name="Authority">Issues the certificates, where the servers speak TLS.</param>
/// <param name="PlainSentinel">Whether the sentinel speaks no TLS although the servers do.</param>
/// <param name="Password">What the servers want.</param>
/// <param name="SentinelPassword">What the sentinel wants.</param>
internal sealed record SentinelTerrain(
    ServerKind Kind = ServerKind.Machine,
    TestAuthority? Authority = null,
    bool PlainSentinel = false,
    string? Password = null,
    string? SentinelPassword = null
)
{
    /// <summary>The arguments of a server that speaks TLS on <paramref name="port"/> and with its replicas.</summary>
    public string[] ServerArguments(int port) =>
        [
            .. (string[])["--repl-diskless-sync-delay", "0"],
            .. Authority is { } authority ? (string[])["--tls-port", $"{port}", "--tls-replication", "yes", .. authority.Arguments()] : [],
            .. Password is { } password ? (string[])["--requirepass", password, "--masterauth", password] : [],
        ];

    /// <summary>The lines of the sentinel's file; it speaks TLS on <paramref name="port"/> unless it is plain.</summary>
    public string[] SentinelLines(int port) =>
        [
            .. Authority is { } authority
                ? (string[])
                    [
                        "tls-replication yes",
                        .. PlainSentinel ? (string[])[] : [$"tls-port {port}"],
                        .. authority.Arguments().Chunk(2).Select(static pair => $"{pair[0][2..]} {pair[1]}"),
                    ]
                : [],
            .. Password is { } password ? (string[])[$"sentinel auth-pass mymaster {password}"] : [],
            .. SentinelPassword is { } own ? (string[])[$"requirepass {own}"] : [],
        ];
}
