using System.Text.Json;
using Keyferry.Cli.Output;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Commands;

/// <summary>The doctor on real servers: the true cause of each trouble, and nothing changed by looking.</summary>
public sealed class DoctorTests
{
    [Theory]
    [MemberData(nameof(ServerMatrix.Required), MemberType = typeof(ServerMatrix))]
    public async Task Servers_in_order_are_a_go_and_stay_as_they_are(ServerKind kind)
    {
        await using var source = await RedisServer.StartAsync(kind);
        await using var target = await RedisServer.StartAsync(kind);
        await source.CommandAsync("SET", "k", "v");
        var before = await source.DebugDigestAsync();

        var (exit, conclusion, findings) = await ExamineAsync(source.Uri, target.Uri);

        Assert.True(exit == ExitCodes.Ok, string.Join('\n', findings));
        Assert.Equal("go", conclusion);
        Assert.Equal(before, await source.DebugDigestAsync());
        Assert.Equal(0, (long)await target.CommandAsync("DBSIZE"));
        Assert.Equal("", (string?)((string?[]?)await source.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1]);
    }

    [Fact]
    public async Task A_managed_source_is_told_of_its_parameter_group()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, "--rename-command", "CONFIG", "");
        var (exit, conclusion, findings) = await ExamineAsync(source.Uri);
        Assert.Equal(ExitCodes.Ok, exit);
        Assert.Equal("go-with-warnings", conclusion);
        Assert.Contains(
            findings,
            static finding =>
                finding.StartsWith("notifications warning", StringComparison.Ordinal)
                && finding.Contains("parameter group", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task A_user_without_rights_is_told_each_of_them()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await target.CommandAsync("ACL", "SETUSER", "weak", "on", ">x", "~*", "+@all", "-restore", "-client");
        var (exit, conclusion, findings) = await ExamineAsync(source.Uri, $"redis://weak:x@127.0.0.1:{target.Port}");
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Equal("no-go", conclusion);
        Assert.Contains(
            findings,
            static finding =>
                finding.StartsWith("rights blocker", StringComparison.Ordinal) && finding.Contains("+restore", StringComparison.Ordinal)
        );
        Assert.Contains(
            findings,
            static finding =>
                finding.StartsWith("rights warning", StringComparison.Ordinal) && finding.Contains("+client|kill", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task What_a_run_would_refuse_is_a_no_go()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await target.CommandAsync("SET", "there", "already");
        var (exit, _, findings) = await ExamineAsync(source.Uri, target.Uri);
        Assert.Equal(ExitCodes.Refused, exit);
        Assert.Contains(
            findings,
            static finding =>
                finding.StartsWith("start-refused blocker", StringComparison.Ordinal)
                && finding.Contains("--target-keys", StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task The_step_that_fails_on_the_way_is_named()
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine, "--requirepass", "right");
        var (exit, _, findings) = await ExamineAsync(source.Uri);
        Assert.Equal(ExitCodes.Unreachable, exit);
        Assert.Contains(findings, static finding => finding.Contains("TCP ok, login failed", StringComparison.Ordinal));
        (exit, _, findings) = await ExamineAsync($"127.0.0.1:{FreePort.Take()}");
        Assert.Equal(ExitCodes.Unreachable, exit);
        Assert.Contains(findings, static finding => finding.Contains("route ok, TCP failed", StringComparison.Ordinal));
    }

    private static async Task<(int Exit, string? Conclusion, List<string> Findings)> ExamineAsync(params string[] servers)
    {
        using var line = new CommandLine();
        var exit = await line.RunAsync(["doctor", "--json", .. servers]);
        using var json = JsonDocument.Parse(line.Out);
        string Text(JsonElement finding, string name) => finding.GetProperty(name).GetString() ?? "";
        return (
            exit,
            json.RootElement.GetProperty("conclusion").GetString(),
            [
                .. json
                    .RootElement.GetProperty("findings")
                    .EnumerateArray()
                    .Select(finding =>
                        $"{Text(finding, "code")} {Text(finding, "level")}: {Text(finding, "saw")} {Text(finding, "means")} {Text(finding, "remedy")}"
                    ),
            ]
        );
    }
}
