namespace Keyferry.Cutover;

/// <summary>For runs that can start no programs: a simulation, a library that was given none.</summary>
internal sealed class NoHooks : IHookRunner
{
    /// <inheritdoc/>
    public ValueTask<HookResult> RunAsync(
        string program,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan patience,
        CancellationToken stop
    ) => ValueTask.FromResult(new HookResult(false, null, "this process starts no programs"));
}
