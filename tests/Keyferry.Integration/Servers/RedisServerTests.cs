using System.Diagnostics;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Keyferry.Integration.Servers;

/// <summary>The fixture itself: what it promises to the tests that build on it.</summary>
public sealed class RedisServerTests
{
    [Theory]
    [MemberData(nameof(ServerMatrix.All), MemberType = typeof(ServerMatrix))]
    public async Task Server_answers_and_knows_its_digest(ServerKind kind)
    {
        await using var server = await RedisServer.StartAsync(kind);
        var empty = await server.DebugDigestAsync();
        Assert.Equal(new string('0', 40), empty);

        var client = await server.ConnectAsync();
        await client.GetDatabase(3).StringSetAsync("k", "v");
        Assert.NotEqual(empty, await server.DebugDigestAsync());
        Assert.Equal(1, await client.GetServer("127.0.0.1", server.Port).DatabaseSizeAsync(3));
    }

    [Fact]
    public async Task Extra_arguments_reach_the_server_and_win()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--requirepass", "s3cret", "--databases", "20");
        var client = await server.ConnectAsync(static options => options.Password = "s3cret");
        await client.GetDatabase(19).StringSetAsync("k", "v");
        Assert.Equal("v", await client.GetDatabase(19).StringGetAsync("k"));
    }

    [Fact]
    public async Task Stopped_server_comes_back_on_its_port_and_a_killed_one_too()
    {
        await using var server = await RedisServer.StartAsync(ServerKind.Machine, "--appendonly", "yes");
        await server.CommandAsync("SET", "k", "v");

        await server.StopAsync();
        await AssertNothingListensAsync(server.Port);
        await server.RestartAsync();
        Assert.Equal("v", (await server.CommandAsync("GET", "k")).ToString());

        await server.KillAsync();
        await AssertNothingListensAsync(server.Port);
        await server.RestartAsync();
        Assert.Equal("v", (await server.CommandAsync("GET", "k")).ToString());
    }

    [Fact]
    public async Task Dispose_ends_the_process_and_deletes_the_folder()
    {
        var server = await RedisServer.StartAsync(ServerKind.Machine);
        using var process = Process.GetProcessById(server.ProcessId);
        await server.DisposeAsync();

        Assert.True(process.HasExited);
        Assert.False(Directory.Exists(server.Folder));
    }

    [Fact]
    public async Task Server_that_does_not_start_fails_with_its_own_words()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            RedisServer.StartAsync(ServerKind.Machine, "--no-such-option", "1")
        );
        Assert.Contains("no-such-option", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServerKind.Machine, "apt-get install redis-server")]
    [InlineData(ServerKind.Redis80, "tools/fetch-server redis80")]
    public void Missing_program_is_a_failure_that_says_how_to_get_it(ServerKind kind, string remedy)
    {
        Assert.Null(ServerBinary.Locate(ServerKind.Machine, "/nowhere"));
        Assert.Contains(remedy, ServerBinary.Missing(kind).Message, StringComparison.Ordinal);
    }

    private static async Task AssertNothingListensAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(async () => await socket.ConnectAsync("127.0.0.1", port));
    }
}
