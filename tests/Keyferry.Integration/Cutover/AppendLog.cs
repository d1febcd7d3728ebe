using Keyferry.Integration.Servers;
using StackExchange.Redis;

namespace Keyferry.Integration.Cutover;

/// <summary>A client that appends 1, 2, 3, ... to a list of its own, wherever the clients are just then, and writes again what was not acknowledged.</summary>
/// <param name="client">Its number.</param>
/// <param name="where">The server that clients write to now.</param>
/// <param name="configure">How it logs in.</param>
internal sealed class AppendLog(int client, Func<RedisServer> where, Action<ConfigurationOptions>? configure = null) : IDisposable
{
    private const int Least = 200;

    private readonly SemaphoreSlim _turn = new(1, 1);

    /// <summary>Lets it write nothing from now on; returns when it has its last answer.</summary>
    public void Stop() => _turn.Wait(TestContext.Current.CancellationToken);

    /// <summary>Lets it write again.</summary>
    public void Start() => _turn.Release();

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Writes until <paramref name="stop"/>.</summary>
    /// <returns>The client, and the last number that was acknowledged to it.</returns>
    public async Task<(int Client, int Acknowledged)> RunAsync(CancellationToken stop)
    {
        var number = 1;
        RedisServer? server = null;
        IDatabase? database = null;
        while (!stop.IsCancellationRequested)
        {
            await _turn.WaitAsync(TestContext.Current.CancellationToken);
            try
            {
                if (server != where() || database is null)
                {
                    server = where();
                    database = (await server.ConnectAsync(Configure)).GetDatabase();
                }

                _ = await database.ListRightPushAsync($"log:{client}", number);
                number++;
            }
            catch (Exception lost) when (lost is RedisException or TimeoutException)
            {
                // Not acknowledged: it is written again, wherever the clients are now.
                continue;
            }
            finally
            {
                _ = _turn.Release();
            }
        }

        return (client, number - 1);
    }

    private void Configure(ConfigurationOptions options)
    {
        options.AsyncTimeout = 5000;
        configure?.Invoke(options);
    }

    /// <summary>Fails unless every number that was acknowledged is there.</summary>
    public static async Task AssertAllAsync((int Client, int Acknowledged) written, IDatabase side, string context)
    {
        var (client, acknowledged) = written;
        var log = (await side.ListRangeAsync($"log:{client}")).Select(static entry => (int)entry).ToHashSet();
        var missing = Enumerable.Range(1, acknowledged).Where(number => !log.Contains(number)).ToList();
        Assert.True(acknowledged > Least, $"client {client} wrote only {acknowledged} entries");
        Assert.True(
            missing.Count == 0,
            $"client {client}: {missing.Count} of {acknowledged} acknowledged entries are lost, the first is {missing.FirstOrDefault()}\n{context}"
        );
    }
}
