using System.Text;
using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Proves that a capture hears what happens on the source.</summary>
internal static class CaptureProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Writes a key of our own to the source and waits until its event has come through the capture.</summary>
    /// <param name="armed">The capture, which runs.</param>
    /// <param name="source">The node that it listens to.</param>
    /// <param name="scope">Which database is listened to.</param>
    /// <param name="tag">Puts the key into a slot of that node; any word outside a cluster.</param>
    /// <param name="runName">Makes the key's name unlike that of another run.</param>
    /// <param name="journal">Told where the key may not be written.</param>
    /// <param name="time">The clock of the run.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">The key was written, and nothing was heard of it.</exception>
    public static async Task RunAsync(
        ArmedCapture armed,
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
        await using var connection = await source.ConnectAsync("probe", stop);
        _ = await connection.TryCallAsync(stop, "SELECT", scope.Only ?? 0);
        var seen = armed.Capture.SeesAsync(probe, stop);
        var reply = await connection.TryCallAsync(stop, "SET", probe, "1", "PX", 10_000);
        _ = await connection.TryCallAsync(stop, "DEL", probe);
        if (reply.IsError && armed.Doubt is { } doubt)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"It cannot be known whether the source tells of changes: {doubt}; and a probe key may not be written ({reply.Text}).",
                "Give the user +config|get, or +set and +del on the keys keyferry:{*; or use --capture tracking or polling."
            );
        }

        if (reply.IsError)
        {
            journal.Note(
                NoteLevel.Warning,
                $"The capture is not proved by a probe key: the source does not let this user write one ({reply.Text})."
            );
            return;
        }

        try
        {
            await seen.WaitAsync(Patience, time, stop);
        }
        catch (TimeoutException silent)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The source raises no events: a probe key was written, and nothing was heard of it for {Patience.TotalSeconds:0} s.",
                "Check notify-keyspace-events on the node that this address leads to (keyferry notifications status), and that no proxy stands between.",
                silent
            );
        }
    }
}
