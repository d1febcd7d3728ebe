using Keyferry.Capture;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Verify;

namespace Keyferry.Migration;

/// <summary>Decides whether a rescan may leave out keys that the source has not used since before the gap, and says so.</summary>
/// <remarks>What was changed before the gap was heard of: it is on the target, or waits to be moved. So a key that was not written since is equal. The source's idle times
/// tell which, where nothing speaks against them.</remarks>
internal sealed class UntouchedKeys(GapLedger gaps, FailedKeys failed)
{
    /// <summary>Asks the source from which second of its clock on an unused key was not written since a timestamp; or why it cannot be said.</summary>
    public Func<long, CancellationToken, ValueTask<(long? Second, string WhyNot)>> Prove { get; set; } =
        static (_, _) => ValueTask.FromResult<(long?, string)>((null, "nothing watches the source"));

    /// <summary>Told what is decided.</summary>
    public Action<string> Say { get; set; } = static _ => { };

    /// <summary>Passes over both sides for the gaps that are being closed, leaving out what may be left out.</summary>
    /// <param name="rescan">The pass.</param>
    /// <param name="capture">What hears of changes; where it hears of none, every pass compares all keys.</param>
    /// <param name="wasEqual">Whether both sides were equal before the gap, but for what was still to be moved.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="IOException">A server is lost.</exception>
    /// <exception cref="KeyferryException">A server cannot be reached, stayed away too long, or refuses a command.</exception>
    public async ValueTask RescanAsync(Rescan rescan, ICapture? capture, bool wasEqual, CancellationToken stop)
    {
        rescan.UsedSince = capture is { Listens: true } ? await SinceAsync(wasEqual, stop) : null;
        await rescan.RunAsync(surplusOnly: false, stop);
        if (rescan.NotLeftOut is { } whyNot)
        {
            Say($"All keys were compared all the same: {whyNot}.");
        }
    }

    /// <returns>From which second of the source's clock on keys count as used; <see langword="null"/> where all are to be compared.</returns>
    private async ValueTask<long?> SinceAsync(bool wasEqual, CancellationToken stop)
    {
        var (second, whyNot) =
            !wasEqual ? (null, "in this mode they may have differed before")
            : failed.Count > 0 ? (null, "the target has refused some before")
            : gaps.ClosingSince is { } since ? await Prove(since, stop)
            : (null, "it is not known since when, or the target is concerned, too");
        Say(
            second is null
                ? $"The gap is closed by comparing all keys; those that are idle cannot be left out: {whyNot}."
                : "The gap is closed by comparing the keys that were used since (OBJECT IDLETIME), and by looking for keys that only the target has."
        );
        return second;
    }
}
