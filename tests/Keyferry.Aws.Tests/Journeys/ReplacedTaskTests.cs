using System.Diagnostics;
using Keyferry.Aws.Tests.Stacks;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Aws.Tests.Journeys;

/// <summary>The task of a stack is killed and replaced, as Fargate does: the next one finds the state, goes on with the run, and ends it as equal.</summary>
[Trait("Needs", "Program")]
public sealed class ReplacedTaskTests : IAsyncLifetime
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);
    private readonly AwsBench _bench = new(TimeSpan.Zero);
    private readonly string _state = Directory.CreateTempSubdirectory("keyferry-state-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        Directory.Delete(_state, recursive: true);
    }

    [Fact]
    public async Task Next_task_goes_on_with_the_run_of_the_one_that_was_killed()
    {
        var cache = await _bench.StandaloneAsync("shop");
        var server = _bench.Aws.World.Nodes[cache.Id].Server;
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await WriteAsync("before");
        using (var first = Start(target))
        {
            await ReachAsync(first, "\"following\"");
            // The whole task goes at once: the shell, the program, and what it has not yet written down.
            first.Kill(entireProcessTree: true);
            await first.WaitForExitAsync(AwsBench.Stop).WaitAsync(Budget, AwsBench.Stop);
        }

        await WriteAsync("meanwhile");
        _ = await server.SayAsync("DEL", "before:0");
        using var second = Start(target);
        await ReachAsync(second, "\"following\"");
        await WriteAsync("after");
        var output = second.StandardOutput.ReadToEndAsync(AwsBench.Stop);
        using (var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {second.Id}"]))
        {
            await kill.WaitForExitAsync(AwsBench.Stop);
        }

        await second.WaitForExitAsync(AwsBench.Stop).WaitAsync(Budget, AwsBench.Stop);
        var said = await output.WaitAsync(Budget, AwsBench.Stop);
        Assert.True(second.ExitCode == 0, said);
        Assert.Contains("\"equal\"", said, StringComparison.Ordinal);
        Assert.Equal(299, (long)await target.CommandAsync("DBSIZE"));

        async Task WriteAsync(string prefix)
        {
            for (var number = 0; number < 100; number++)
            {
                _ = await server.SayAsync("SET", $"{prefix}:{number}", "v");
            }
        }
    }

    private Process Start(RedisServer target)
    {
        var how = new ProcessStartInfo("/bin/sh", [Path.Combine(ContainerEntrypointTests.Root(), "tools", "container-entrypoint")])
        {
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        // What the template gives to the task.
        foreach (var (name, value) in _bench.Variables)
        {
            how.Environment[name] = value;
        }

        how.Environment["KEYFERRY_PROGRAM"] = KeyferryProgram.File;
        how.Environment["KEYFERRY_STATE"] = _state;
        how.Environment["KEYFERRY_SOURCE"] = "elasticache://shop?region=eu-north-1";
        how.Environment["KEYFERRY_TARGET"] = target.Uri;
        how.Environment["KEYFERRY_STACK_MODE"] = "live";
        how.Environment["KEYFERRY_STACK_CAPTURE"] = "auto";
        how.Environment["KEYFERRY_STACK_TARGET_KEYS"] = "";
        return Process.Start(how) ?? throw new InvalidOperationException("/bin/sh could not be started");
    }

    private static async Task ReachAsync(Process task, string words)
    {
        var said = "";
        while (await task.StandardOutput.ReadLineAsync(AwsBench.Stop).AsTask().WaitAsync(Budget, AwsBench.Stop) is { } line)
        {
            said += line + "\n";
            if (line.Contains(words, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"the task ended before it said {words}:\n{said}");
    }
}
