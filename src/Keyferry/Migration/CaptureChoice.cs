using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Observe;
using Keyferry.Queue;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Arms the capture that the options name, or the best that the source allows, and says why it is this one.</summary>
internal sealed class CaptureChoice(
    MigrationOptions options,
    MigrationPlan plan,
    ServerConnector source,
    NotificationSwitch flags,
    HearingTrial hearing,
    IChangeSink sink,
    RunJournal journal,
    TimeProvider time
)
{
    private readonly BufferCuts _cuts = new();

    /// <summary>Arms a capture.</summary>
    /// <exception cref="KeyferryException">The source allows none of those that may be used.</exception>
    public async ValueTask<ArmedCapture> ArmAsync(CancellationToken stop)
    {
        if (options.Capture is CaptureKind.Auto or CaptureKind.Notifications)
        {
            try
            {
                return await ArmNotificationsAsync(stop);
            }
            catch (KeyferryException refused) when (refused.Kind == FailureKind.Refused && options.Capture == CaptureKind.Auto)
            {
                journal.Note(NoteLevel.Warning, $"No keyspace notifications: {refused.Saw} Trying client tracking.");
            }
        }

        if (options.Capture is CaptureKind.Auto or CaptureKind.Tracking)
        {
            try
            {
                return await ArmTrackingAsync(stop);
            }
            catch (KeyferryException refused) when (refused.Kind == FailureKind.Refused && options.Capture == CaptureKind.Auto)
            {
                journal.Note(NoteLevel.Warning, $"No client tracking: {refused.Saw} Polling instead: changes arrive with the next pass.");
            }
        }

        var polling = new PollingCapture(options.PollInterval, sink, time);
        return new ArmedCapture(polling, null);
    }

    private async ValueTask<ArmedCapture> ArmNotificationsAsync(CancellationToken stop)
    {
        if (await flags.ReadAsync(stop) is FlagReading.Known known)
        {
            // Before anything is set for it.
            await new NotificationDialect(source, hearing: null, known.Flags.Family).TryAsync(stop);
        }

        var found = await flags.EnsureAsync(stop);
        journal.Note(NoteLevel.Information, $"Source: {found.Words}.");
        var dialect = new NotificationDialect(source, hearing, found.Family);
        return new ArmedCapture(await ArmAsync(dialect, stop), null) { Hearing = hearing, Cuts = _cuts };
    }

    private async ValueTask<ArmedCapture> ArmTrackingAsync(CancellationToken stop)
    {
        var inUse = plan.SourceIdentity.Keyspace.Keys.Where(plan.Transfer.Scope.Covers).ToArray();
        if (options.TargetKeys == TargetKeys.Merge)
        {
            // Not even with one database in use: nobody knows when the next comes into use, and of a change there the name is all that is told.
            throw new KeyferryException(
                FailureKind.Refused,
                "Client tracking does not tell in which database a key changed, and with --target-keys merge a key of the target could be taken for a deleted one of the source.",
                "Use --capture notifications or polling."
            );
        }

        var dialect = new TrackingDialect(source);
        foreach (var database in plan.Transfer.Scope.Databases ?? inUse.Append(0))
        {
            _ = dialect.UseDatabase(database);
        }

        return new ArmedCapture(await ArmAsync(dialect, stop), plan.Transfer.Scope.Databases is null ? dialect : null) { Cuts = _cuts };
    }

    private async ValueTask<ICapture> ArmAsync(ICaptureDialect dialect, CancellationToken stop)
    {
        ICapture Listen(IChangeSink into) => new ListeningCapture(source, dialect, into, options.OutageBudget, time) { Cuts = _cuts };
        ICapture Create(IChangeSink into) =>
            options.CaptureMaximumAge is { } age ? new RotatingCapture(() => Listen(into), age, time) : Listen(into);
        var capture = options.RedundantCapture ? new RedundantCapture(Create, sink) : Create(sink);
        try
        {
            await capture.ArmAsync(stop);
            return capture;
        }
        catch
        {
            await capture.DisposeAsync();
            throw;
        }
    }
}

/// <summary>A capture that listens, and what the watch over the source needs to know of it.</summary>
/// <param name="Capture">The capture.</param>
/// <param name="Tracking">Wants to know of databases that come into use, or <see langword="null"/>.</param>
internal sealed record ArmedCapture(ICapture Capture, TrackingDialect? Tracking)
{
    /// <summary>Finds out whether the source still tells of every change; <see langword="null"/> where nothing has to be switched on for that.</summary>
    public HearingTrial? Hearing { get; init; }

    /// <summary>What the capture wants to know of clients that the source cuts off; <see langword="null"/> where it has no connection to lose.</summary>
    public BufferCuts? Cuts { get; init; }
}
