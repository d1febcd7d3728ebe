using System.Text;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Notifications;

/// <summary>Keys of our own that are written to raise events, and removed again. They carry an expiry as well, so that a crash leaves nothing for long.</summary>
internal sealed class ThrowAwayKeys : IAsyncDisposable
{
    /// <summary>How long a key lives that nobody removes.</summary>
    private const long LifeMilliseconds = 60_000;

    private readonly RespConnection _connection;
    private readonly string _stem;
    private readonly List<byte[]> _written = [];

    private ThrowAwayKeys(RespConnection connection, string stem)
    {
        _connection = connection;
        _stem = stem;
    }

    /// <summary>Opens a connection to write on.</summary>
    public static async ValueTask<ThrowAwayKeys> OpenAsync(
        ServerConnector connector,
        Random random,
        CancellationToken stop,
        string tag = "probe"
    )
    {
        var connection = await connector.ConnectAsync("probe", stop);
        try
        {
            if (connector.Endpoint.Database is > 0 and var database)
            {
                _ = await connection.CallAsync(stop, "SELECT", (long)database);
            }

            return new ThrowAwayKeys(connection, $"keyferry:{{{tag}}}:{random.NextInt64():x16}");
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The name of the key for <paramref name="purpose"/>.</summary>
    public byte[] Name(string purpose) => Encoding.ASCII.GetBytes($"{_stem}:{purpose}");

    /// <summary>Runs a command that writes one of the keys: its name follows the command's, the rest follows the name.</summary>
    /// <returns>The server's words where it refused, otherwise <see langword="null"/>.</returns>
    public async ValueTask<string?> WriteAsync(string command, byte[] key, CancellationToken stop, params RespArgument[] rest)
    {
        _written.Add(key);
        var refused = await RunAsync(command, key, stop, rest);
        if (refused is null && command != "SET")
        {
            refused = await RunAsync("PEXPIRE", key, stop, LifeMilliseconds);
        }

        return refused;
    }

    /// <summary>Writes a string that lives for <paramref name="life"/>.</summary>
    public ValueTask<string?> SetAsync(byte[] key, TimeSpan? life, CancellationToken stop) =>
        WriteAsync("SET", key, stop, "keyferry", "PX", life is null ? LifeMilliseconds : (long)life.Value.TotalMilliseconds);

    /// <summary>Whether the key is there; asking makes the server notice that it has expired.</summary>
    public async ValueTask<bool> ExistsAsync(byte[] key, CancellationToken stop)
    {
        var reply = await _connection.TryCallAsync(stop, "EXISTS", key);
        return reply is { IsError: false, Integer: > 0 };
    }

    /// <summary>Removes the keys and closes the connection.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_written.Count > 0)
            {
                _connection.Write([(RespArgument)"UNLINK", .. _written.Select(static key => (RespArgument)key)]);
                await _connection.FlushAsync(CancellationToken.None);
                _ = await _connection.ReadAsync(CancellationToken.None);
            }
        }
        catch (IOException)
        {
            // The connection is gone, and the keys go when their time is over.
            _written.Clear();
        }

        await _connection.DisposeAsync();
    }

    private async ValueTask<string?> RunAsync(string command, byte[] key, CancellationToken stop, params RespArgument[] rest)
    {
        var reply = await _connection.TryCallAsync(stop, [command, key, .. rest]);
        return reply.IsError ? reply.Text : null;
    }
}
