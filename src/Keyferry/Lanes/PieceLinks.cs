using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Lanes;

/// <summary>Opens a lane's second pair of connections, on which large values are moved.</summary>
/// <remarks>As with the first pair, what the connection before has left unanswered is ended before anything is written.</remarks>
/// <param name="index">The lane's number, for the client names.</param>
/// <param name="source">Connections to the source.</param>
/// <param name="target">Connections to the target.</param>
/// <param name="context">What the lane's sessions share.</param>
/// <param name="suspect">Told when a connection could not be killed.</param>
internal sealed class PieceLinks(int index, ServerConnector source, ServerConnector target, LaneContext context, Action<string> suspect)
{
    private readonly Forerunners _forerunners = new(context.Target, suspect);

    /// <summary>Opens both, for one session.</summary>
    /// <exception cref="Model.KeyferryException">A server cannot be reached.</exception>
    /// <exception cref="IOException">A server was lost.</exception>
    public async ValueTask<(RespConnection Source, RespConnection Target, PieceCopy Copy)> OpenAsync(CancellationToken stop)
    {
        var from = await source.ConnectAsync($"lane{index}-large", stop);
        try
        {
            await source.Quiet.AskAsync(from, stop);
            var to = await target.ConnectAsync($"lane{index}-large", stop, opened: _forerunners.EndAsync);
            return (from, to, new PieceCopy(from, to, context.Transfer, context.Pace, $"{target.NamePrefix}:lane{index}"));
        }
        catch
        {
            await from.DisposeAsync();
            throw;
        }
    }
}
