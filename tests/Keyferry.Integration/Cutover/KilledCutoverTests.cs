using Keyferry.Cutover;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using Keyferry.Traffic;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>The program killed (SIGKILL) at every step of a cutover: <c>keyferry restore</c> makes the source writable, and the run can be gone on with, or asks a person.</summary>
[Trait("Needs", "Program")]
public sealed class KilledCutoverTests : IDisposable
{
    private const int Ok = 0;
    private const int OwnershipUnknown = 8;
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    /// <summary>On the way to the source, so that every step takes long enough to be hit.</summary>
    private static readonly TimeSpan Distance = TimeSpan.FromMilliseconds(15);

    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-killed-cutover-").FullName;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> EveryStep
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach (var step in CutoverSteps.Of(new CutoverOptions { ReverseWindow = TimeSpan.FromHours(1) }))
            {
                data.Add(step.Name, "pause");
                data.Add(step.Name, "acl");
            }

            return data;
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("drain", "acl")]
    [InlineData("switch", "pause")]
    public Task Restore_makes_the_source_writable(string step, string fence) => KillAtAsync(step, fence);

    [Theory]
    [Trait("Category", "Long")]
    [MemberData(nameof(EveryStep))]
    public Task Restore_makes_the_source_writable_after_a_kill_at_every_step(string step, string fence) => KillAtAsync(step, fence);

    private async Task KillAtAsync(string step, string fence)
    {
        await using var source = await RedisServer.StartAsync(ServerKind.Machine);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var filling = await ServerLink.ConnectAsync(source.Uri);
        await new Filler(filling, new KeySpace(Seed: 11, Count: 500), fieldExpiries: false).FillAsync(Stop);
        await using var far = FaultProxy.Start(source.Port);
        _ = await source.CommandAsync("ACL", "SETUSER", "app", "on", ">secret", "~*", "&*", "+@all");
        var app = (await source.ConnectAsync(static options => (options.User, options.Password) = ("app", "secret"))).GetDatabase();
        string[] sides = ["migrate", far.Uri, target.Uri];

        string said;
        await using (var run = KeyferryProgram.Start([.. sides, .. Cutover(fence), "--work-dir", _folder]))
        {
            await run.WaitForAsync("phase following", Budget);
            await WaitUntilReadyAsync(run);
            far.Slow(ProxyDirection.ToServer, Distance);
            await using var cutover = KeyferryProgram.Start("cutover", "--work-dir", _folder);
            await cutover.WaitForAsync($"cutover: {step}", Budget);
            await run.KillAsync();
            said = $"{run.Output}\n{cutover.Output}";
        }

        far.Slow(ProxyDirection.ToServer, TimeSpan.Zero);
        Assert.DoesNotContain("could not", await AskAsync(Ok, "restore"), StringComparison.Ordinal);

        // Not by the time-out of the pause, which would be twenty seconds.
        Assert.True(await app.StringSetAsync("after", "1").WaitAsync(TimeSpan.FromSeconds(5), Stop), said);
        Assert.Contains("nothing to put back", await AskAsync(Ok, "restore"), StringComparison.Ordinal);
        foreach (var server in new[] { source, target })
        {
            Assert.Equal("", (string?)((RedisResult[]?)await server.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1]);
        }

        await GoOnAsync(sides, said);
        Assert.Equal(await source.DebugDigestAsync(), await target.DebugDigestAsync());
    }

    private static string[] Cutover(string fence) =>
        [
            .. (string[])["--cutover", "manual", "--fence", fence, "--fence-budget", "10s", "--reverse-window", "1h"],
            .. (string[])["--switch-hook", "/bin/true"],
        ];

    /// <summary>So that the steps follow each other as soon as they are asked for.</summary>
    private static async Task WaitUntilReadyAsync(KeyferryProgram run)
    {
        await Task.Delay(TimeSpan.FromSeconds(1), Stop);
        Assert.False(run.HasEnded, run.Output);
    }

    /// <summary>With the same command; where the clients may have been switched, once a person has said that they were not.</summary>
    private async Task GoOnAsync(string[] sides, string said)
    {
        string[] resume = [.. sides, "--resume", "--until-idle", "500ms"];
        await using var again = KeyferryProgram.Start([.. resume, "--work-dir", _folder]);
        var code = await again.EndAsync(Budget);
        if (again.Output.Contains("the clients were switched to", StringComparison.Ordinal))
        {
            // It had come past the switch: what goes on is the way back.
            await AskAsync(Ok, ["migrate", sides[2], sides[1], "--resume", "--until-idle", "500ms"]);
            return;
        }

        if (code == OwnershipUnknown)
        {
            Assert.Contains("keyferry resolve", again.Output, StringComparison.Ordinal);
            Assert.Contains("the clients are on", await AskAsync(Ok, "resolve", "--not-switched"), StringComparison.Ordinal);
            Assert.Contains("EQUAL", await AskAsync(Ok, resume), StringComparison.Ordinal);
            return;
        }

        Assert.True(code == Ok && again.Output.Contains("EQUAL", StringComparison.Ordinal), $"{again.Output}\n{said}");
    }

    /// <summary>What the command says, whichever output it says it on.</summary>
    private async Task<string> AskAsync(int code, params string[] command)
    {
        await using var asking = KeyferryProgram.Start([.. command, "--work-dir", _folder]);
        Assert.True(await asking.EndAsync(Budget) == code, asking.Output);
        return asking.Output;
    }
}
