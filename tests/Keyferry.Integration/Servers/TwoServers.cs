namespace Keyferry.Integration.Servers;

/// <summary>A test with two servers and a folder of its own, which end with it.</summary>
public abstract class TwoServers : IAsyncLifetime
{
    private RedisServer? _source;
    private RedisServer? _target;

    private protected string Folder { get; } = Directory.CreateTempSubdirectory("keyferry-two-servers-").FullName;

    private protected RedisServer Source => _source ?? throw new InvalidOperationException("not started");

    private protected RedisServer Target => _target ?? throw new InvalidOperationException("not started");

    public virtual async ValueTask InitializeAsync()
    {
        _source = await RedisServer.StartAsync(ServerKind.Machine);
        _target = await RedisServer.StartAsync(ServerKind.Machine);
    }

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Target.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }
}
