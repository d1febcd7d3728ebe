using System.Net;
using System.Net.Sockets;
using Keyferry.Traffic;
using StackExchange.Redis;

namespace Keyferry.Bench.Running;

/// <summary>A redis-server of this machine on a free port, without persistence, and an independent client of it.</summary>
internal sealed class Server : IAsyncDisposable
{
    private readonly Watched _process;
    private readonly ScratchFolder _folder;

    private Server(Watched process, ServerLink link, ScratchFolder folder, int port) =>
        (_process, Link, _folder, Port) = (process, link, folder, port);

    public ServerLink Link { get; }

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    /// <summary>Processor seconds used so far, those of its forks included.</summary>
    public double CpuSeconds => _process.CpuSeconds;

    public static async Task<Server> StartAsync(CancellationToken stop)
    {
        var folder = new ScratchFolder();
        var port = FreePort();
        // No pause before a diskless transfer to a replica: it would be counted as the native copy's time.
        string[] arguments =
        [
            .. (string[])["--port", $"{port}", "--bind", "127.0.0.1", "--dir", folder.Path, "--daemonize", "no"],
            .. (string[])["--save", "", "--appendonly", "no", "--repl-diskless-sync-delay", "0", "--enable-debug-command", "local"],
        ];
        var process = Watched.Start("redis-server", arguments, folder.Path);
        while (true)
        {
            try
            {
                return new Server(process, await ServerLink.ConnectAsync($"127.0.0.1:{port}"), folder, port);
            }
            catch (RedisConnectionException) when (!process.HasEnded)
            {
                await Task.Delay(50, stop);
            }
        }
    }

    /// <summary>Bytes that the server has received and sent since it started, replication included.</summary>
    public async Task<(double Received, double Sent)> NetworkAsync()
    {
        var stats = (await Link.Server.InfoAsync("stats")).SelectMany(static section => section).ToList();
        return (Sum("input"), Sum("output"));

        double Sum(string way) => stats.Where(row => row.Key == $"total_net_{way}_bytes").Sum(static row => double.Parse(row.Value));
    }

    /// <summary>One row of a section of INFO.</summary>
    public async Task<string?> InfoAsync(string section, string row) =>
        (await Link.Server.InfoAsync(section)).SelectMany(static rows => rows).FirstOrDefault(pair => pair.Key == row).Value;

    public async ValueTask DisposeAsync()
    {
        await Link.DisposeAsync();
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return (listener.LocalEndpoint as IPEndPoint)?.Port ?? throw new InvalidOperationException("No free port.");
    }
}
