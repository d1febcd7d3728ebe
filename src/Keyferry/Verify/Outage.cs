using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Verify;

/// <summary>How a comparison lives through lost connections and servers that are not ready: growing pauses, and an end to its patience.</summary>
internal sealed class Outage(TimeProvider time, TimeSpan budget)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(5);
    private long? _since;
    private TimeSpan _pause = _firstPause;

    /// <summary>Whether trying again may help.</summary>
    public static bool IsPassing(Exception failure) =>
        failure switch
        {
            IOException => true,
            KeyferryException { Kind: FailureKind.Unreachable } => true,
            ServerErrorException refused => refused.Code is "LOADING" or "MASTERDOWN" or "BUSY" or "TRYAGAIN" or "CLUSTERDOWN",
            _ => false,
        };

    /// <summary>Says that the comparison got on.</summary>
    public void Over()
    {
        _since = null;
        _pause = _firstPause;
    }

    /// <summary>Waits before the next try.</summary>
    /// <exception cref="KeyferryException">The outage has lasted longer than the budget.</exception>
    public async ValueTask PauseAsync(Exception failure, CancellationToken stop)
    {
        _since ??= time.GetTimestamp();
        if (time.GetElapsedTime(_since.Value) >= budget)
        {
            throw new KeyferryException(
                FailureKind.Unreachable,
                $"The comparison lost a server and did not get it back within {budget.TotalSeconds:0} s: {failure.Message.TrimEnd('.')}.",
                "Check the server and the network, then compare again.",
                failure
            );
        }

        await Task.Delay(_pause, time, stop);
        _pause = _pause * 2 < _longestPause ? _pause * 2 : _longestPause;
    }
}
