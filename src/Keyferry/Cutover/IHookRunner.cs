namespace Keyferry.Cutover;

/// <summary>Runs programs of the operator's.</summary>
internal interface IHookRunner
{
    /// <summary>Runs a program to its end.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="environment">What it is told, beside the environment of this process. No secrets.</param>
    /// <param name="patience">How long it may take; then it is killed, and its answer is lost.</param>
    /// <param name="stop">Ends it early, with its answer lost.</param>
    ValueTask<HookResult> RunAsync(
        string program,
        IReadOnlyDictionary<string, string> environment,
        TimeSpan patience,
        CancellationToken stop
    );
}

/// <summary>How a program of the operator's ended.</summary>
/// <param name="Started">Whether it could be started at all.</param>
/// <param name="ExitCode">Its answer, or <see langword="null"/> where that was lost.</param>
/// <param name="Said">The last of what it wrote, or why it could not be started.</param>
internal sealed record HookResult(bool Started, int? ExitCode, string Said);
