using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Tells whether a pass over both sides has shown that nobody writes to the source: where no capture listens, nothing else does.</summary>
/// <remarks>Either both sides were the same, or the source has counted no write from the beginning of the pass to its end. The latter is needed where values that are equal do not
/// look so: without scripts a stream or a hash table, which every server writes in an order of its own, is moved again by each pass.</remarks>
/// <param name="source">The source.</param>
internal sealed class QuietPass(ServerConnector source)
{
    /// <summary>Whether the last pass was quiet.</summary>
    public bool WasQuiet { get; private set; }

    /// <summary>Makes a pass.</summary>
    /// <param name="isAsked">Whether anybody wants to know.</param>
    /// <param name="rescan">What names the keys that look different.</param>
    /// <param name="pass">Passes over both sides.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask WatchAsync(bool isAsked, Rescan rescan, Func<ValueTask> pass, CancellationToken stop)
    {
        var before = isAsked ? await MarkAsync(stop) : null;
        await pass();
        WasQuiet = rescan.Named == 0 || (before is not null && await MarkAsync(stop) is { } after && before.WrittenUntil(after) is null);
    }

    private async ValueTask<SourceMark?> MarkAsync(CancellationToken stop)
    {
        try
        {
            return await SourceMark.TakeAsync(source, stop);
        }
        catch (Exception unknown) when (unknown is ServerErrorException || Outage.IsPassing(unknown))
        {
            return null;
        }
    }
}
