using Keyferry.AwsDouble.Caches;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;

namespace Keyferry.Aws.Tests.Journeys;

/// <summary>A cache is migrated from beginning to end as a user does it: the program in its own process, the double in AWS's place.</summary>
[Trait("Needs", "Program")]
public sealed class JourneyTests : IAsyncLifetime
{
    private const string Letters = "notify-keyspace-events";
    private const string Source = "elasticache://shop?region=eu-north-1";
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(60);

    // The program waits for seconds between two looks at AWS; here what it waits for is there at once.
    private readonly AwsBench _bench = new(TimeSpan.Zero);
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-journey-").FullName;

    private CacheWorld World => _bench.Aws.World;

    private string Told => Path.Combine(_folder, "told");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("standalone")]
    [InlineData("group")]
    [InlineData("cluster")]
    public async Task Plan_apply_test_migrate_cut_over_restore(string kind)
    {
        _ = kind switch
        {
            "standalone" => await _bench.StandaloneAsync("shop"),
            "group" => await _bench.GroupAsync("shop", nodes: 2),
            _ => await _bench.GroupAsync("shop", shards: 2),
        };
        var groups = World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group);
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        var written = await WriteAsync("before", 200);

        Assert.Contains(
            "nothing was changed",
            await AskAsync("notifications", "enable", "--elasticache", "shop"),
            StringComparison.Ordinal
        );
        var applied = await AskAsync("notifications", "enable", "--elasticache", "shop", "--apply");
        Assert.Contains("every node follows keyferry-shop-", applied, StringComparison.Ordinal);
        _ = await AskAsync("notifications", "test", "--elasticache", "shop");
        string[] how = [Source, target.Uri, "--cutover", "manual", "--fence-budget", "5s", "--switch-hook", await HookAsync()];
        var plan = await AskAsync(["plan", .. how]);
        Assert.Contains("CLIENT PAUSE", plan, StringComparison.Ordinal);
        Assert.Contains("ElastiCache", plan, StringComparison.Ordinal);

        await using (var run = Start(["migrate", .. how, "--capture", "notifications"]))
        {
            await run.WaitForAsync("phase following", Budget);
            written += await WriteAsync("during", 100);
            await AskAsync("cutover");
            Assert.True(await run.EndAsync(Budget) == 0, run.Output);
            Assert.Contains("EQUAL", run.Output, StringComparison.Ordinal);
        }

        Assert.Equal($"switch {target.Uri}\n", await File.ReadAllTextAsync(Told, AwsBench.Stop));
        Assert.Equal(written, (long)await target.CommandAsync("DBSIZE"));
        Assert.Contains(
            "stands as it did before",
            await AskAsync("notifications", "restore", "--elasticache", "shop"),
            StringComparison.Ordinal
        );
        Assert.Equal(groups, World.Nodes.ToDictionary(static one => one.Key, static one => one.Value.Group));
        Assert.DoesNotContain(World.Groups.Keys, static name => name.StartsWith("keyferry-", StringComparison.Ordinal));
        Assert.All(await Task.WhenAll(World.Nodes.Values.Select(static node => node.Server.ConfigurationAsync(Letters))), Assert.Empty);
        // The fence is gone: the source takes writes.
        Assert.True(await WriteAsync("after", 10) > 0);
    }

    [Theory]
    [InlineData("acl", 2, "ACL SETUSER")]
    [InlineData("pause", 0, "CLIENT PAUSE")]
    [InlineData("manual", 0, "A person")]
    public async Task Plan_says_which_fences_work_on_ElastiCache(string fence, int code, string words)
    {
        _ = await _bench.StandaloneAsync("shop");
        await using var target = await RedisServer.StartAsync(ServerKind.Machine);
        await using var plan = Start("plan", Source, target.Uri, "--cutover", "manual", "--fence", fence);
        Assert.True(await plan.EndAsync(Budget) == code, plan.Output);
        Assert.Contains(words, plan.Output, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Writes keys on every node; a replica, and a shard that a key does not belong to, refuse.</summary>
    private async Task<long> WriteAsync(string prefix, int count)
    {
        var written = 0L;
        foreach (var node in World.Nodes.Values)
        {
            for (var number = 0; number < count; number++)
            {
                var reply = await node.Server.SayAsync("SET", $"{prefix}:{node.Id}:{number}", $"{number}");
                written += reply.StartsWith('+') ? 1 : 0;
            }
        }

        return written;
    }

    private async Task<string> HookAsync()
    {
        var hook = Path.Combine(_folder, "switch.sh");
        await File.WriteAllTextAsync(hook, $"#!/bin/sh\necho \"$KEYFERRY_STEP $KEYFERRY_NEW\" >>{Told}\n", AwsBench.Stop);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return hook;
    }

    private KeyferryProgram Start(params string[] arguments)
    {
        // No work directory for a plan, which leaves no trace.
        string[] work = ["--work-dir", Path.Combine(_folder, "work")];
        return KeyferryProgram.StartWith(
            _bench.Variables,
            arguments is ["notifications", "test", ..] ? arguments : [.. arguments, .. work]
        );
    }

    /// <summary>What a command says that must succeed.</summary>
    private async Task<string> AskAsync(params string[] arguments)
    {
        await using var asking = Start(arguments);
        Assert.True(await asking.EndAsync(Budget) == 0, $"{string.Join(' ', arguments)}\n{asking.Output}");
        return asking.Output;
    }
}
