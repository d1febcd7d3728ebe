using Keyferry.Control;
using Keyferry.Cutover;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>What all parts of one run have in common.</summary>
internal sealed record RunContext
{
    /// <summary>What the user asked for.</summary>
    public required MigrationOptions Options { get; init; }

    /// <summary>What was found out before.</summary>
    public required MigrationPlan Plan { get; init; }

    /// <summary>The run's short name.</summary>
    public required string Name { get; init; }

    /// <summary>Connections to the source.</summary>
    public required ServerConnector Source { get; init; }

    /// <summary>Connections to the target.</summary>
    public required ServerConnector Target { get; init; }

    /// <summary>Where it is written down what happens.</summary>
    public required RunJournal Journal { get; init; }

    /// <summary>What may be asked of the run.</summary>
    public required RunControl Control { get; init; }

    /// <summary>Runs the operator's programs.</summary>
    public required IHookRunner Hooks { get; init; }

    /// <summary>Whether the clients go <c>forward</c> or <c>back</c>, as the operator's programs are told.</summary>
    public string Direction { get; init; } = "forward";

    /// <summary>Looks whether there is a way back from the run; <see langword="null"/> where there can be none.</summary>
    public Func<RunContext, CancellationToken, Task<IWayBack>>? PlanWayBack { get; init; }

    /// <summary>Finds out anew whether the source tells of its changes: <see langword="null"/> if it does, else why it does not, in words; then a gap is noted. Set by whoever
    /// listens.</summary>
    public Func<CancellationToken, ValueTask<string?>> Deafness { get; set; } = static _ => ValueTask.FromResult<string?>(null);

    /// <summary>The timestamp of the run's beginning.</summary>
    public required long Began { get; init; }

    /// <summary>The clock of the run.</summary>
    public required TimeProvider Time { get; init; }
}
