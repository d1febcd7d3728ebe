using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Cli;

/// <summary>A comparison of two servers as the command line sees it; the engine's own, or a test's.</summary>
internal interface IComparison
{
    /// <summary>Compares.</summary>
    /// <exception cref="KeyferryException">A server cannot be reached, stayed away too long, or refuses what the comparison needs.</exception>
    Task<ComparisonOutcome> RunAsync(ComparisonRequest request, CancellationToken stop);
}

/// <summary>What is to be compared.</summary>
internal sealed record ComparisonRequest
{
    /// <summary>One side.</summary>
    public required Endpoint Source { get; init; }

    /// <summary>The other side.</summary>
    public required Endpoint Target { get; init; }

    /// <summary>What counts as equal, and who is told how far it is.</summary>
    public required VerifyOptions Options { get; init; }

    /// <summary>How long a server may be silent while a reply is due.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long name look-up, connect and TLS handshake may take.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>What a comparison has found.</summary>
/// <param name="Source"><c>Redis 7.0.15 at host:port</c></param>
/// <param name="Target">The same of the other side.</param>
/// <param name="Result">The counts.</param>
/// <param name="Spent">How long it took.</param>
internal sealed record ComparisonOutcome(string Source, string Target, VerifyResult Result, TimeSpan Spent)
{
    /// <summary>What it proves.</summary>
    public Verdict Verdict => Verifier.VerdictOf(Result);
}
