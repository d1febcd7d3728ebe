using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Cli.Output;

/// <summary>Says on standard error why a command ended, and chooses the exit code.</summary>
internal static class FailurePrinter
{
    /// <summary>Two lines for what an operator can act on, one for everything else; stack traces only with <paramref name="verbose"/>.</summary>
    public static int Print(Exception failure, Surroundings surroundings, bool verbose)
    {
        var error = surroundings.Error;
        int code;
        switch (failure is AwsException service ? AwsTrouble.Explain(service) : failure)
        {
            case KeyferryException known:
                error.WriteLine($"keyferry: {surroundings.Mask.Clean(known.Saw)}");
                error.WriteLine($"what to do: {surroundings.Mask.Clean(known.Remedy)}");
                code = ExitCodes.Of(known.Kind);
                break;
            case OperationCanceledException:
                error.WriteLine("keyferry: ended before it was done, as asked");
                code = ExitCodes.Aborted;
                break;
            default:
                error.WriteLine(
                    $"keyferry: internal error: {OneLine(surroundings.Mask.Clean(failure.Message))} ({failure.GetType().Name})"
                );
                code = ExitCodes.Bug;
                break;
        }

        if (verbose && failure is not OperationCanceledException)
        {
            error.WriteLine(surroundings.Mask.Clean(failure.ToString()));
        }

        return code;
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
