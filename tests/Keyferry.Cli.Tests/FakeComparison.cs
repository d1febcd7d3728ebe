using Keyferry.Verify;

namespace Keyferry.Cli.Tests;

/// <summary>A comparison that finds what the test says, and remembers what it was asked for.</summary>
internal sealed class FakeComparison : IComparison
{
    public ComparisonRequest? Request { get; private set; }

    public VerifyResult Result { get; set; } = Examples.Verified();

    public Func<ComparisonRequest, CancellationToken, Task> Script { get; set; } = static (_, _) => Task.CompletedTask;

    public async Task<ComparisonOutcome> RunAsync(ComparisonRequest request, CancellationToken stop)
    {
        Request = request;
        await Script(request, stop);
        return new ComparisonOutcome("Redis 7.0.15 at a:1", "Valkey 8.1.1 at b:2", Result, TimeSpan.FromSeconds(72));
    }
}
