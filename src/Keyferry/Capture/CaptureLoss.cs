using System.Globalization;
using System.Net.Sockets;
using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>A capture's connection that was lost, in words. A source does not tell its client why it closes; a client that reads too slowly is cut off for its output buffer.</summary>
/// <param name="Reason">What was known when it was lost.</param>
/// <param name="Alive">A timestamp of the run's clock at which the source had certainly not closed it yet.</param>
/// <param name="Cause">What makes one gap of all that is said of it.</param>
internal sealed record CaptureLoss(string Reason, long Alive, GapCause Cause)
{
    /// <summary>What is known at once.</summary>
    /// <param name="lost">How it showed.</param>
    /// <param name="alive">A timestamp at which the source had certainly not closed it yet.</param>
    /// <param name="cuts">What the source counts.</param>
    /// <param name="buffer">The class of clients that the source may have cut off; <see langword="null"/> where the connection was given up from here.</param>
    public static CaptureLoss Of(IOException lost, long alive, BufferCuts cuts, string? buffer)
    {
        var reason = $"the capture's connection to the source was lost: {lost.Message}";
        var wasClosed = lost is EndOfStreamException or { InnerException: SocketException };
        var unknown =
            buffer is null || !wasClosed || cuts.AreCounted
                ? ""
                : $" (whether for its output buffer, client-output-buffer-limit {buffer}, is not counted there)";
        return new CaptureLoss(reason + unknown, alive, new GapCause());
    }

    /// <summary>What is known when the source has been asked again. Its count does not tell which client it was; one that was cut off shortly before the last sign of life may be among them.</summary>
    /// <param name="cuts">What the source counts.</param>
    /// <param name="buffer">The class of clients whose limit held for the connection.</param>
    public string Told(BufferCuts cuts, string buffer) =>
        cuts.Since(Alive) is not (> 0 and var cut)
            ? Reason
            : string.Create(
                CultureInfo.InvariantCulture,
                $"{Reason}; about then the source cut off {cut:#,0} {(cut == 1 ? "client" : "clients")} for the output buffer, most likely this one: raise client-output-buffer-limit {buffer}, if there is a limit (CONFIG GET client-output-buffer-limit; on ElastiCache see the parameter group), or find out what keeps Keyferry from reading"
            );
}
