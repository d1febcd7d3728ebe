using System.Diagnostics;
using Keyferry.Aws.Tests.Stacks;
using Keyferry.Integration.Programs;

namespace Keyferry.Aws.Tests.Calls;

/// <summary>The double is checked with clients that nobody here wrote, and the template with checkers that others have published.</summary>
[Trait("Category", "Long")]
public sealed class ForeignClientsTests
{
    [Fact]
    public Task Command_line_and_SDK_of_AWS_work_against_the_double_for_every_call() =>
        RunAsync("check-double", "the JavaScript SDK made ", "every call that the double knows was made");

    [Fact]
    public Task Template_passes_the_published_checkers() => RunAsync("check-stack", "0 findings");

    private static async Task RunAsync(string tool, params string[] words)
    {
        var root = ContainerEntrypointTests.Root();
        var how = new ProcessStartInfo("bash", ["-c", "exec \"$0\" 2>&1 </dev/null", Path.Combine(root, "tools", tool)])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
            WorkingDirectory = root,
        };
        // What lies beside the tests, so that nothing is built while they run.
        how.Environment["KEYFERRY_PROGRAM"] = KeyferryProgram.File;
        how.Environment["KEYFERRY_DOUBLE"] = Path.Combine(AppContext.BaseDirectory, "keyferry-aws-double");
        using var process = Process.Start(how) ?? throw new InvalidOperationException("bash could not be started");
        var output = process.StandardOutput.ReadToEndAsync(AwsBench.Stop);
        try
        {
            await process.WaitForExitAsync(AwsBench.Stop).WaitAsync(TimeSpan.FromMinutes(8));
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
        }

        Assert.True(process.HasExited && process.ExitCode == 0, await output);
        Assert.All(words, word => Assert.Contains(word, output.Result, StringComparison.Ordinal));
    }
}
