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

    [Theory]
    [InlineData("plan", "auto", "pause")]
    [InlineData("plan", "auto", "manual")]
    [InlineData("plan", "notifications", "manual")]
    [InlineData("plan", "tracking", "pause")]
    [InlineData("migrate", "auto", "manual")]
    public async Task Cutover_is_refused_before_anything_is_written(string command, string capture, string fence)
    {
        var server = await _cli.Bench.Aws.World.StartServerlessAsync("cart");
        _ = await server.SayAsync("SET", "key", "v");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        string[] options =
        [
            "--cutover",
            "manual",
            "--capture",
            capture,
            "--fence",
            fence,
            "--source-tls-ca",
            _cli.Bench.Aws.World.Certificate.AuthorityFile,
            "--work-dir",
            _cli.WorkDirectory,
            "--plain",
        ];
        var (code, output, error) = await _cli.RunAsync([command, Source, target.Uri, .. options]);
        var told = output + error;
        Assert.True(code == ExitCodes.Refused, told);
        Assert.Contains("The source tells nobody of changes", told, StringComparison.Ordinal);
        Assert.Contains("polling finds them only with its next pass", told, StringComparison.Ordinal);
        Assert.Contains("stop the writers, let the run end (--until-idle, or Ctrl-C)", told, StringComparison.Ordinal);
        Assert.DoesNotContain("CLIENT PAUSE is not among", told, StringComparison.Ordinal);
        Assert.Equal(0, (long)await target.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task Cutover_by_polling_is_refused_with_what_is_left()
    {
        _ = await _cli.Bench.Aws.World.StartServerlessAsync("cart");
        var (code, _, error) = await _cli.RunAsync(
            "plan",
            Source,
            "redis://127.0.0.1:1",
            "--cutover",
            "manual",
            "--capture",
            "polling",
            "--source-tls-ca",
            _cli.Bench.Aws.World.Certificate.AuthorityFile
        );
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("stop the writers", error, StringComparison.Ordinal);
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
