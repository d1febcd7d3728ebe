using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Notifications;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Faults;

/// <summary>The file of the run's state cannot grow any more (a limit of the process on the size of files stands for a full disk): told in words, and the source is
/// given back what was changed.</summary>
public sealed class FullDiskTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-full-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(4_096)]
    [InlineData(50_000)]
    [InlineData(90_000)]
    [InlineData(110_000)]
    [InlineData(140_000)]
    public async Task State_that_cannot_be_written_ends_the_run_in_words(int bytes)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var program = await StartAsync(source, target, bytes, "--until-idle", "1s");

        await AssertEndsInWordsAsync(program, source);
    }

    /// <summary>The disk is full when the run has long been following, and the next thing to be recorded is a gap.</summary>
    [Fact]
    public async Task State_that_cannot_be_written_any_more_while_the_run_follows_ends_it_in_words()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var program = await StartAsync(source, target, bytes: 1_000_000_000);
        await program.WaitForAsync("phase following", TimeSpan.FromMinutes(1));

        await program.LimitFilesAsync(4_096);
        _ = await source.CommandAsync("CLIENT", "KILL", "TYPE", "pubsub");

        await AssertEndsInWordsAsync(program, source);
    }

    private async Task<KeyferryProgram> StartAsync(RedisServer source, RedisServer target, int bytes, params string[] options)
    {
        await using (var client = await source.ConnectAsync())
        {
            await client.GetDatabase().StringSetAsync("key", "value");
        }

        return KeyferryProgram.StartWithLimitedFiles(
            bytes,
            ["migrate", source.Uri, target.Uri, "--work-dir", Path.Combine(_folder, "work"), .. options]
        );
    }

    private static async Task AssertEndsInWordsAsync(KeyferryProgram program, RedisServer source)
    {
        var code = await program.EndAsync(TimeSpan.FromMinutes(1));

        Assert.Contains("cannot be kept", program.Output, StringComparison.Ordinal);
        Assert.NotEqual(ExitCodes.Ok, code);
        Assert.Equal("", await source.FlagsAsync());
        // What was put back is told so, although that cannot be recorded any more.
        Assert.DoesNotContain("could not be put back", program.Output, StringComparison.Ordinal);
    }
}
