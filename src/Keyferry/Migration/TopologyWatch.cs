using System.Threading.Channels;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Notices that slots of a cluster have changed hands, by asking every second and whenever somebody must be sure.</summary>
/// <remarks>
/// <para><b>Promises.</b> A slot that has gone and come back is noticed, too, since the cluster's epoch has risen. For a server on its own there is nothing to notice.</para>
/// <para><b>Concurrency.</b> Anybody may look; looks exclude each other.</para>
/// </remarks>
/// <param name="deployment">One side of the run.</param>
/// <param name="changed">Called before anybody else sees the new slots as known: with which have another owner, and whether only replicas have changed.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class TopologyWatch(
    ServerConnector deployment,
    Func<SlotMap, TopologyChange, CancellationToken, ValueTask> changed,
    TimeProvider time
)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _looking = Channel.CreateBounded<bool>(1);
    private SlotMap? _seen = deployment.Topology?.Told;

    /// <summary>Looks every second until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (deployment.Topology is not null)
            {
                await Task.Delay(Interval, time, stop);
                await TryLookAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return;
        }
    }

    /// <summary>Looks now.</summary>
    /// <exception cref="KeyferryException">No node of the cluster answers, or what has to follow from a change is refused.</exception>
    /// <exception cref="IOException">A connection was lost.</exception>
    public async ValueTask LookAsync(CancellationToken stop)
    {
        if (deployment.Topology is not { } topology || _seen is null)
        {
            return;
        }

        // A place for one: whoever is in looks.
        await _looking.Writer.WriteAsync(true, stop);
        try
        {
            var now = await topology.RefreshAsync(stop);
            var change = new TopologyChange(
                now.Differences(_seen),
                now.Epoch != _seen.Epoch,
                !now.Replicas.ToHashSet().SetEquals(_seen.Replicas)
            );
            if (change.IsAny)
            {
                await changed(now, change, stop);
                _seen = now;
            }
        }
        finally
        {
            _ = _looking.Reader.TryRead(out _);
        }
    }

    private async ValueTask TryLookAsync(CancellationToken stop)
    {
        try
        {
            await LookAsync(stop);
        }
        catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
        {
            // A cluster in the midst of an election answers later; whoever must be sure asks himself.
            return;
        }
    }
}

/// <summary>How the slots of a cluster have changed.</summary>
/// <param name="Slots">Those that have another owner.</param>
/// <param name="Epoch">Whether the cluster's epoch has changed.</param>
/// <param name="Replicas">Whether the replicas are others.</param>
internal readonly record struct TopologyChange(SlotRanges Slots, bool Epoch, bool Replicas)
{
    /// <summary>The slots of whose keys changes may have been missed, where it is certain that no others have moved; <see langword="null"/> otherwise.</summary>
    /// <remarks>A node that takes a slot over raises the cluster's epoch, unless its own is the highest already. So while the epoch stays, slots have only gone to that
    /// one node, and none of them has come back: what differs is all that has moved.</remarks>
    public SlotRanges? OnlySlots => Epoch ? null : Slots;

    /// <summary>Notes what may have been missed of the <paramref name="role"/>'s changes, or lost of what was written there.</summary>
    /// <param name="lanes">Where it is noted.</param>
    /// <param name="role">Which side.</param>
    /// <param name="bySlots">Whether a gap may be confined to slots. Polling looks at everything in any case.</param>
    public void NoteOn(LaneSet lanes, string role, bool bySlots)
    {
        if (bySlots && OnlySlots is { Count: > 0 } slots)
        {
            lanes.MayHaveMissed($"slots of the {role} have moved to another node", slots);
        }
        else if (IsGap)
        {
            lanes.MayHaveMissed($"the {role}'s cluster has elected or moved something");
        }
    }

    /// <summary>Whether anything has changed.</summary>
    public bool IsAny => Slots.Count > 0 || Epoch || Replicas;

    /// <summary>Whether changes of keys may have been missed.</summary>
    public bool IsGap => Slots.Count > 0 || Epoch;
}
