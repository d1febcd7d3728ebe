using System.Text;
using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Proves that a capture hears what happens on the source.</summary>
internal static class CaptureProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(2);

    /// <summary>Writes a key of our own to the source and waits until its event has come through the capture. It is written again now and then: an event is lost with the
    /// connection that it was to come through.</summary>
    /// <param name="capture">The capture, which runs.</param>
    /// <param name="source">The node that it listens to.</param>
    /// <param name="scope">Which database is listened to.</param>
    /// <param name="tag">Puts the key into a slot of that node; any word outside a cluster.</param>
    /// <param name="runName">Makes the key's name unlike that of another run.</param>
    /// <param name="journal">Told where the key may not be written.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">The key was written, and nothing was heard of it.</exception>
    public static async Task RunAsync(
        ICapture capture,
        ServerConnector source,
        DatabaseScope scope,
        string tag,
        string runName,
        RunJournal journal,
        TimeProvider time,
        CancellationToken stop
    )
    {
        var probe = Encoding.ASCII.GetBytes($"keyferry:{{{tag}}}:{runName}");
        var since = time.GetTimestamp();
        var seen = capture.SeesAsync(probe, stop);
        while (true)
        {
            if (await WriteAsync(source, scope, probe, stop) is { IsError: true } refused)
            {
                NotWritten(source.Endpoint, refused.Text, journal);
                return;
            }

            try
            {
                await seen.WaitAsync(Again, time, stop);
                return;
            }
            catch (TimeoutException silent) when (time.GetElapsedTime(since) >= Patience)
            {
                throw new KeyferryException(
                    FailureKind.Refused,
                    $"The source {source.Endpoint} raises no events: a probe key was written, and nothing was heard of it for {Patience.TotalSeconds:0} s.",
                    "Check notify-keyspace-events on the node that this address leads to (keyferry notifications status), and that no proxy stands between.",
                    silent
                );
            }
            catch (TimeoutException)
            {
                continue;
            }
        }
    }

    private static void NotWritten(Endpoint source, string refused, RunJournal journal)
    {
        journal.Note(
            NoteLevel.Warning,
            $"The capture is not proved by a probe key: the source {source} does not let this user write one ({refused})."
        );
    }

    /// <returns>What the source said to the write; <see langword="null"/> where the connection was lost, so that nobody knows.</returns>
    private static async ValueTask<RespValue?> WriteAsync(ServerConnector source, DatabaseScope scope, byte[] probe, CancellationToken stop)
    {
        await using var connection = await source.ConnectAsync("probe", stop);
        try
        {
            _ = await connection.TryCallAsync(stop, "SELECT", scope.Databases?.First() ?? 0);
            var reply = await connection.TryCallAsync(stop, "SET", probe, "1", "PX", 10_000);
            _ = await connection.TryCallAsync(stop, "DEL", probe);
            return reply;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
