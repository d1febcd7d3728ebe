using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Faults;
using Keyferry.Integration.Programs;
using Keyferry.Integration.Servers;
using Microsoft.Data.Sqlite;

namespace Keyferry.Integration.Notifications;

/// <summary>The program killed between the lease and the change, and between the change and its answer.</summary>
[Trait("Needs", "Program")]
public sealed class KilledWhileSettingTests : IDisposable
{
    private static readonly TimeSpan Budget = TimeSpan.FromSeconds(30);
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-killed-").FullName;

    private string Work => Path.Combine(_folder, "work");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Killed_before_the_change_reached_the_server_there_is_nothing_to_put_back()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "Ex");
        await using var proxy = FaultProxy.Start(server.Port);
        proxy.Slow(ProxyDirection.ToServer, TimeSpan.FromMilliseconds(700));
        await using (var program = KeyferryProgram.Start("notifications", "enable", proxy.Uri, "--work-dir", Work))
        {
            await UntilAsync(() => Task.FromResult(HasOpenLease()), program);
            proxy.Stall(ProxyDirection.ToServer);
            Assert.Equal("xE", await server.FlagsAsync());

            var (refused, said) = await RunAsync("restore", "--work-dir", Work);
            Assert.Equal(ExitCodes.Refused, refused);
            Assert.Contains("is in use by another Keyferry process (pid ", said, StringComparison.Ordinal);

            await program.KillAsync();
        }

        proxy.Reset();
        proxy.Slow(ProxyDirection.ToServer, TimeSpan.Zero);
        proxy.Resume();
        var (restored, told) = await RunAsync("restore", "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, restored);
        Assert.Contains("stand as they did before: \"xE\"", told, StringComparison.Ordinal);
        Assert.Equal("xE", await server.FlagsAsync());
        Assert.False(HasOpenLease());
    }

    [Fact]
    public async Task Killed_before_the_answer_came_the_old_value_is_put_back()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--notify-keyspace-events", "Ex");
        await using var proxy = FaultProxy.Start(server.Port);
        proxy.Slow(ProxyDirection.ToClient, TimeSpan.FromMilliseconds(500));
        await using (var program = KeyferryProgram.Start("notifications", "enable", proxy.Uri, "--work-dir", Work))
        {
            await UntilAsync(async () => await server.FlagsAsync() == "AE", program);
            Assert.True(HasOpenLease());
            await program.KillAsync();
        }

        proxy.Slow(ProxyDirection.ToClient, TimeSpan.Zero);
        var (restored, told) = await RunAsync("restore", "--work-dir", Work);
        Assert.Equal(ExitCodes.Ok, restored);
        Assert.Contains("put back to \"xE\"", told, StringComparison.Ordinal);
        Assert.Equal("xE", await server.FlagsAsync());
    }

    private static async Task UntilAsync(Func<Task<bool>> reached, KeyferryProgram program)
    {
        using var patience = new CancellationTokenSource(Budget);
        while (!await reached())
        {
            Assert.False(program.HasEnded, program.Output);
            await Task.Delay(5, patience.Token);
        }
    }

    private static async Task<(int Exit, string Said)> RunAsync(params string[] args)
    {
        using var line = new CommandLine();
        return (await line.RunAsync(args), line.Out + line.Error);
    }

    private bool HasOpenLease()
    {
        var file = Path.Combine(Work, "keyferry.db");
        if (!File.Exists(file))
        {
            return false;
        }

        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name = 'lease'";
        if (command.ExecuteScalar() is not 1L)
        {
            return false;
        }

        command.CommandText = "SELECT count(*) FROM lease WHERE undone IS NULL";
        return command.ExecuteScalar() is > 0L;
    }
}
