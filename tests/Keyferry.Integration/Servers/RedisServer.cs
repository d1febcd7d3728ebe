using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Keyferry.Model;
using StackExchange.Redis;

namespace Keyferry.Integration.Servers;

/// <summary>A real server of a test's own: free port on 127.0.0.1, temporary folder, no persistence unless asked for.</summary>
/// <remarks>
/// <para><b>Promises.</b> When <see cref="StartAsync"/> returns, the server answers PING. <see cref="DisposeAsync"/> ends exactly the process
/// that was started here and deletes its folder. A server that does not start fails the test with the server's own log.</para>
/// <para><b>Independent client.</b> <see cref="ConnectAsync"/> and <see cref="DebugDigestAsync"/> share no code with the engine.</para>
/// </remarks>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan _startBudget = TimeSpan.FromSeconds(30);
    private readonly ServerBinary _binary;
    private readonly string[] _extraArgs;
    private readonly StringBuilder _output = new();
    private readonly List<ConnectionMultiplexer> _clients = [];
    private Process? _process;

    private RedisServer(ServerKind kind, int port, string[] extraArgs)
    {
        Kind = kind;
        Port = port;
        _extraArgs = extraArgs;
        _binary = ServerBinary.Find(kind);
        Folder = Directory.CreateTempSubdirectory("keyferry-server-").FullName;
    }

    /// <summary>Which server of the matrix this is.</summary>
    public ServerKind Kind { get; }

    /// <summary>The port on 127.0.0.1; it stays the same over restarts.</summary>
    public int Port { get; }

    /// <summary>The server's working folder, deleted at the end.</summary>
    public string Folder { get; }

    /// <summary>The version that the program says it is.</summary>
    public Version Version => _binary.Version;

    /// <summary>The address without credentials.</summary>
    public Endpoint Endpoint => new() { Host = "127.0.0.1", Port = Port };

    /// <summary>The address as a user types it.</summary>
    public string Uri => $"redis://127.0.0.1:{Port}";

    /// <summary>Whether the server has been started and neither stopped nor killed.</summary>
    public bool IsRunning => _process is not null;

    /// <summary>The id of the running process.</summary>
    public int ProcessId => Running.Id;

    /// <summary>What the server has written to its log and its output so far, for failure messages.</summary>
    public string Log
    {
        get
        {
            var file = Path.Combine(Folder, "server.log");
            lock (_output)
            {
                return (File.Exists(file) ? File.ReadAllText(file) : "") + _output;
            }
        }
    }

    private int? SentinelOf { get; init; }

    private Process Running => _process ?? throw new InvalidOperationException($"{this} is not running.");

    /// <summary>Starts a server and waits until it answers.</summary>
    /// <param name="kind">Which program.</param>
    /// <param name="extraArgs">More arguments as on the command line, <c>"--maxmemory", "10mb"</c>; they win over those set here.</param>
    public static async Task<RedisServer> StartAsync(ServerKind kind, params string[] extraArgs)
    {
        for (var attempt = 1; ; attempt++)
        {
            var server = new RedisServer(kind, FreePort.Take(), extraArgs);
            try
            {
                await server.LaunchAsync();
                return server;
            }
            catch (InvalidOperationException) when (attempt < 5 && server.Log.Contains("Address already in use", StringComparison.Ordinal))
            {
                await server.DisposeAsync();
            }
            catch
            {
                await server.DisposeAsync();
                throw;
            }
        }
    }

    /// <summary>Starts a sentinel that watches over the primary on <paramref name="port"/> as <c>mymaster</c>.</summary>
    /// <param name="port">Where the primary listens.</param>
    /// <param name="kind">Which program.</param>
    /// <param name="configuration">More lines of its file.</param>
    public static async Task<RedisServer> StartSentinelAsync(
        int port,
        ServerKind kind = ServerKind.Machine,
        params IReadOnlyList<string> configuration
    )
    {
        var server = new RedisServer(kind, FreePort.Take(), [.. configuration]) { SentinelOf = port };
        try
        {
            await server.LaunchAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a client that shares no code with the engine; it is closed with the server.</summary>
    /// <remarks>It makes no wish of its own on the server: no tie-breaker key, no configuration channel.</remarks>
    public async Task<ConnectionMultiplexer> ConnectAsync(Action<ConfigurationOptions>? configure = null)
    {
        var options = new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", Port } },
            AllowAdmin = true,
            TieBreaker = "",
            ConfigurationChannel = "",
            AsyncTimeout = 30_000,
            SyncTimeout = 30_000,
            ConnectTimeout = 10_000,
        };
        configure?.Invoke(options);
        var client = await ConnectionMultiplexer.ConnectAsync(options);
        lock (_clients)
        {
            _clients.Add(client);
        }

        return client;
    }

    /// <summary>How often it has run a command, by its own count.</summary>
    public async Task<long> CallsAsync(string command)
    {
        var lines = (await CommandAsync("INFO", "commandstats")).ToString().Split('\n');
        var row = Array.Find(lines, line => line.StartsWith($"cmdstat_{command}:", StringComparison.Ordinal));
        return row is null ? 0 : long.Parse(row.Split('=', ',')[1]);
    }

    /// <summary>The server's own digest over all keys of all databases: types, values and expiries, but no stream groups.</summary>
    public async Task<string> DebugDigestAsync() => (await CommandAsync("DEBUG", "DIGEST")).ToString();

    /// <summary>Runs one command through a client of its own and returns the reply.</summary>
    public async Task<RedisResult> CommandAsync(string command, params object[] args)
    {
        await using var client = await ConnectAsync();
        lock (_clients)
        {
            _clients.Remove(client);
        }

        return await client.GetDatabase().ExecuteAsync(command, args);
    }

    /// <summary>Ends the server as an operator does (SIGTERM) and waits until it is gone.</summary>
    public async Task StopAsync()
    {
        // The shell's own kill: the program of that name is not on every machine.
        using (var shell = Process.Start("/bin/sh", ["-c", $"kill -TERM {Running.Id}"]))
        {
            await shell.WaitForExitAsync();
        }

        using var budget = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            await Running.WaitForExitAsync(budget.Token);
        }
        catch (OperationCanceledException)
        {
            Running.Kill();
        }

        await ForgetAsync();
    }

    /// <summary>Ends the server at once (SIGKILL), so that nothing is saved and nobody is told.</summary>
    public async Task KillAsync()
    {
        Running.Kill();
        await ForgetAsync();
    }

    /// <summary>Starts the server again on its port, stopping it first when it runs. Without persistence it comes back empty.</summary>
    public async Task RestartAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
        }

        await LaunchAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients)
        {
            await client.DisposeAsync();
        }

        if (_process is not null)
        {
            await KillAsync();
        }

        Directory.Delete(Folder, recursive: true);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Version} on 127.0.0.1:{Port}";

    private async Task LaunchAsync()
    {
        var start = new ProcessStartInfo(_binary.Path)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in SentinelOf is { } primary ? SentinelArguments(primary) : Arguments().Concat(_extraArgs))
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{_binary.Path} could not be started.");
        OrphanGuard.Watch(process.Id);
        _process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await WaitUntilUpAsync(process);
    }

    private IEnumerable<string> SentinelArguments(int primary)
    {
        var file = Path.Combine(Folder, "sentinel.conf");
        File.WriteAllText(
            file,
            $"port {Port}\nbind 127.0.0.1\ndir {Folder}\nlogfile {Path.Combine(Folder, "server.log")}\n"
                + $"sentinel monitor mymaster 127.0.0.1 {primary} 1\nsentinel down-after-milliseconds mymaster 1000\n"
                + "sentinel failover-timeout mymaster 5000\n"
                + string.Concat(_extraArgs.Select(static line => $"{line}\n"))
        );
        return [file, "--sentinel"];
    }

    private IEnumerable<string> Arguments()
    {
        string[] arguments =
        [
            .. (string[])["--port", $"{Port}", "--bind", "127.0.0.1", "--dir", Folder],
            .. (string[])["--logfile", Path.Combine(Folder, "server.log"), "--daemonize", "no", "--save", "", "--appendonly", "no"],
        ];
        // From 7.0 on DEBUG is off until it is asked for.
        return Version.Major >= 7 ? [.. arguments, "--enable-debug-command", "yes"] : arguments;
    }

    private async Task WaitUntilUpAsync(Process process)
    {
        var waited = Stopwatch.StartNew();
        while (!await AnswersAsync(Port))
        {
            if (process.HasExited)
            {
                var code = process.ExitCode;
                await ForgetAsync();
                throw new InvalidOperationException($"{this} ended with {code} instead of starting. Its log:\n{Log}");
            }

            if (waited.Elapsed > _startBudget)
            {
                throw new InvalidOperationException($"{this} does not answer after {_startBudget.TotalSeconds:0} s. Its log:\n{Log}");
            }

            await Task.Delay(20);
        }
    }

    // A server that wants a password is up; one that is still loading is not.
    private static async Task<bool> AnswersAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            await socket.ConnectAsync("127.0.0.1", port, patience.Token);
            await socket.SendAsync("PING\r\n"u8.ToArray(), patience.Token);
            var buffer = new byte[64];
            var text = Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
            return text.StartsWith("+PONG", StringComparison.Ordinal) || text.StartsWith("-NOAUTH", StringComparison.Ordinal);
        }
        catch (Exception notYet) when (notYet is SocketException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task ForgetAsync()
    {
        var process = Running;
        await process.WaitForExitAsync();
        OrphanGuard.Forget(process.Id);
        process.Dispose();
        _process = null;
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }
        }
    }
}
