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
        await using (var client = await source.ConnectAsync())
        {
            await client.GetDatabase().StringSetAsync("key", "value");
        }

        await using var program = KeyferryProgram.StartWithLimitedFiles(
            bytes,
            "migrate",
            source.Uri,
            target.Uri,
            "--work-dir",
            Path.Combine(_folder, "work"),
            "--until-idle",
            "1s"
        );
        var code = await program.EndAsync(TimeSpan.FromMinutes(1));

        Assert.Contains("cannot be kept", program.Output, StringComparison.Ordinal);
        Assert.NotEqual(ExitCodes.Ok, code);
        Assert.Equal("", await source.FlagsAsync());
        // What was put back is told so, although that cannot be recorded any more.
        Assert.DoesNotContain("could not be put back", program.Output, StringComparison.Ordinal);
    }
}
