using Keyferry.Cli.Output;
using Keyferry.Integration.Servers;

namespace Keyferry.Aws.Tests.Journeys;

/// <summary>A serverless cache, where notifications, tracking and much else do not exist: polling moves it, and the doctor says so before.</summary>
public sealed class ServerlessTests : IAsyncLifetime
{
    private const string Source = "elasticache://cart?region=eu-north-1";
    private readonly CliBench _cli = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Theory]
    [InlineData("polling")]
    [InlineData("auto")]
    public async Task Polling_moves_it_and_finds_what_changes(string capture)
    {
        var server = await _cli.Bench.Aws.World.StartServerlessAsync("cart");
        for (var number = 0; number < 100; number++)
        {
            _ = await server.SayAsync("SET", $"key:{number}", "v");
        }

        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var run = _cli.RunAsync(
            "migrate",
            Source,
            target.Uri,
            "--capture",
            capture,
            "--poll-interval",
            "200ms",
            "--until-idle",
            "1500ms",
            "--source-tls-ca",
            _cli.Bench.Aws.World.Certificate.AuthorityFile,
            "--work-dir",
            _cli.WorkDirectory,
            "--plain"
        );
        for (var number = 0; number < 20; number++)
        {
            await Task.Delay(50, AwsBench.Stop);
            _ = await server.SayAsync("SET", $"later:{number}", "v");
        }

        _ = await server.SayAsync("DEL", "key:0");
        var (code, output, error) = await run;
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("EQUAL", output, StringComparison.Ordinal);
        Assert.Equal(119, (long)await target.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task Doctor_knows_it_and_says_what_is_left()
    {
        _ = await _cli.Bench.Aws.World.StartServerlessAsync("cart");
        var (code, output, error) = await _cli.RunAsync(
            "doctor",
            Source,
            "--source-tls-ca",
            _cli.Bench.Aws.World.Certificate.AuthorityFile
        );
        Assert.True(code == ExitCodes.Ok, output + error);
        Assert.Contains("cart is serverless", output, StringComparison.Ordinal);
        Assert.Contains("GO WITH WARNINGS", output, StringComparison.Ordinal);
    }
}
