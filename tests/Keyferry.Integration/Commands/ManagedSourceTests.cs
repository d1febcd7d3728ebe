using Keyferry.Cli.Output;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Commands;

/// <summary>A source as managed services have it: no CONFIG, the flags set elsewhere.</summary>
public sealed class ManagedSourceTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-managed-").FullName;

    private string Work => Path.Combine(_folder, "work");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("AE")]
    [InlineData("AK")]
    public async Task Flags_that_nobody_tells_are_found_out_and_changes_are_followed(string flags)
    {
        await using var source = await StartAsync(flags);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await source.CommandAsync("SET", "before", "1");
        using var line = new CommandLine();
        var run = line.RunAsync("migrate", source.Uri, target.Uri, "--work-dir", Work, "--until-idle", "1s", "--plain");
        await source.CommandAsync("RPUSH", "list", "1");
        while (!run.IsCompleted && (long)await target.CommandAsync("EXISTS", "before") == 0)
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await source.CommandAsync("RPUSH", "list", "2");
        Assert.True(await run == ExitCodes.Ok, line.Out + line.Error);
        Assert.Equal(2, (long)await target.CommandAsync("LLEN", "list"));
        Assert.Equal(2, (long)await source.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task Flags_that_tell_of_strings_alone_are_not_taken_for_enough()
    {
        await using var source = await StartAsync("gx$E");
        using var line = new CommandLine();
        var exit = await line.RunAsync("notifications", "enable", source.Uri, "--work-dir", Work);
        Assert.True(exit == ExitCodes.Refused, line.Out + line.Error);
        Assert.Contains("no event came for the classes lshzt", line.Error, StringComparison.Ordinal);
        Assert.Equal(0, (long)await source.CommandAsync("DBSIZE"));
    }

    private static Task<RedisServer> StartAsync(string flags) =>
        RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "CONFIG", "", "--notify-keyspace-events", flags);
}
