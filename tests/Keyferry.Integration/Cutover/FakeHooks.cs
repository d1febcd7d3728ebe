using System.Collections.Concurrent;
using Keyferry.Cutover;

namespace Keyferry.Integration.Cutover;

/// <summary>The operator's programs as delegates: what each answers, and what it was told.</summary>
internal sealed class FakeHooks : IHookRunner
{
    /// <summary>What the program does with the step it is told, and how it ends.</summary>
    public Func<string, HookResult> Answer { get; set; } = static _ => new HookResult(true, 0, "");

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<IReadOnlyDictionary<string, string>> Calls { get; } = new();

    public ValueTask<HookResult> RunAsync(
        string program,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan patience,
        CancellationToken stop
    )
    {
        Calls.Enqueue(environment);
        return ValueTask.FromResult(Answer(environment["KEYFERRY_STEP"]));
    }
}
