using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Simulation.Tests;

/// <summary>A real redis-server 7.0 on a free port, to hold the simulated one against, which is made after that version.</summary>
internal sealed class RealRedis : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _folder;
    private readonly int _port;

    private RealRedis(Process process, string folder, int port) => (_process, _folder, _port) = (process, folder, port);

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<RealRedis> StartAsync()
    {
        var folder = Directory.CreateTempSubdirectory("keyferry-sim-").FullName;
        var port = FreePort();
        var start = new ProcessStartInfo(Program()) { RedirectStandardOutput = true, UseShellExecute = false };
        string[] arguments =
        [
            .. (string[])["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--daemonize", "no", "--dir", folder],
            .. (string[])["--enable-debug-command", "local"],
        ];
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException("redis-server could not be started.");
        process.OutputDataReceived += static (_, _) => { };
        process.BeginOutputReadLine();
        var server = new RealRedis(process, folder, port);
        for (var tries = 0; ; tries++)
        {
            try
            {
                await using var client = await server.ConnectAsync();
                Assert.Equal("+PONG", await client.CallAsync("PING"));

                // Keys expire when they are looked at, as in a sequence that is played twice they have to.
                Assert.Equal("+OK", await client.CallAsync("DEBUG", "SET-ACTIVE-EXPIRE", "0"));
                return server;
            }
            catch (IOException) when (tries < 200)
            {
                await Task.Delay(25);
            }
        }
    }

    /// <summary>Opens a connection.</summary>
    public async Task<RawClient> ConnectAsync() =>
        new(
            await new SocketDialer(TimeSpan.FromSeconds(5), TimeProvider.System).DialAsync(
                new Endpoint { Host = "127.0.0.1", Port = _port },
                CancellationToken.None
            )
        );

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Program()
    {
        var cache = Environment.GetEnvironmentVariable("KEYFERRY_CACHE") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "keyferry");
        var program = Path.Combine(cache, "servers", "redis70", "redis-server");
        return File.Exists(program)
            ? program
            : throw new FileNotFoundException($"No {program}. Run ./test, which fetches it, or: tools/fetch-server redis70.");
    }

    private static int FreePort()
    {
        for (var port = 22000 + Random.Shared.Next(5000); ; port++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                continue;
            }
        }
    }
}
