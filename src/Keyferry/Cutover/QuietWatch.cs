using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Cutover;

/// <summary>Tells whether the primaries of the source are written to, by their own counts of changes; expiries do not count.</summary>
internal sealed class QuietWatch(IReadOnlyList<ServerConnector> primaries) : IAsyncDisposable
{
    private readonly List<RespConnection> _connections = [];
    private SourceMark[] _marks = [];

    /// <summary>Opens a connection to each primary.</summary>
    /// <exception cref="Keyferry.Model.KeyferryException">One cannot be reached.</exception>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        await DisposeAsync();
        foreach (var primary in primaries)
        {
            _connections.Add(await primary.ConnectAsync("quiet", stop));
        }
    }

    /// <summary>Begins to watch.</summary>
    public async ValueTask BeginAsync(CancellationToken stop) => _marks = await TakeAsync(stop);

    /// <summary>Looks.</summary>
    /// <returns>Who was written to since the watch began, in words; <see langword="null"/> where nobody was.</returns>
    public async ValueTask<string?> LookAsync(CancellationToken stop)
    {
        if (_marks.Length == 0)
        {
            return null;
        }

        var now = await TakeAsync(stop);
        for (var i = 0; i < now.Length; i++)
        {
            if (_marks[i].CountsWritesUntil(now[i]))
            {
                return $"{primaries[i].Endpoint} was written to";
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _connections.Clear();
        _marks = [];
    }

    private async ValueTask<SourceMark[]> TakeAsync(CancellationToken stop)
    {
        var marks = new SourceMark[_connections.Count];
        for (var i = 0; i < marks.Length; i++)
        {
            marks[i] = await SourceMark.TakeAsync(_connections[i], stop);
        }

        return marks;
    }
}
