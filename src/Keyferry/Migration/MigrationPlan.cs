using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Migration;

/// <summary>What a run found out before it touched anything, and what it will do. The dry run prints it; the real run goes by it.</summary>
internal sealed record MigrationPlan
{
    /// <summary><c>Redis 7.0.15 at host:port</c></summary>
    public required string Source { get; init; }

    /// <summary><c>Valkey 8.1.1 at host:port</c></summary>
    public required string Target { get; init; }

    /// <summary>The source's databases that have keys and are in the run's scope.</summary>
    public required IReadOnlyList<int> Databases { get; init; }

    /// <summary>How many keys those hold.</summary>
    public required long Keys { get; init; }

    /// <summary>How many keys the target has in the databases that the run writes to.</summary>
    public required long TargetKeyCount { get; init; }

    /// <summary>How changes are captured, and why so; empty where they are not.</summary>
    public string Capture { get; init; } = "";

    /// <summary>Which nodes of the source are read; empty for its primaries.</summary>
    public string Reads { get; init; } = "";

    /// <summary>The source's keys that the target cannot hold, as far as they exist already.</summary>
    public IReadOnlyList<UnsupportedGroup> Unsupported { get; init; } = [];

    /// <summary>The source's clock against the target's, in words.</summary>
    public required string Clocks { get; init; }

    /// <summary>What is on the source and is not moved by this run, one entry each.</summary>
    public IReadOnlyList<string> NotMoved { get; init; } = [];

    /// <summary>What will be done, in order.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>The operator's programs that are told of every phase and every gap, by their names; <see langword="null"/> where there are to be none.</summary>
    public IReadOnlyList<string>? Hooks { get; init; }

    /// <summary>What the operator should know; does not stop the run.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Why the run will not start as asked; empty when it will.</summary>
    public required IReadOnlyList<KeyferryException> Refusals { get; init; }

    /// <summary>Whether a cutover is refused because the source tells of no change.</summary>
    public bool HearsNothing { get; init; }

    internal bool MayHearNothing { get; init; }

    internal required TransferSettings Transfer { get; init; }

    internal required ExpiryShift Shift { get; init; }

    internal required ServerIdentity SourceIdentity { get; init; }

    internal required ServerIdentity TargetIdentity { get; init; }

    /// <summary>Throws the one refusal, or all of them as one.</summary>
    /// <exception cref="KeyferryException">There is a refusal.</exception>
    internal void ThrowIfRefused()
    {
        if (Refusals.Count > 0)
        {
            throw Refused(Refusals);
        }
    }

    /// <summary>The one refusal, or all of them as one.</summary>
    internal static KeyferryException Refused(IReadOnlyList<KeyferryException> refusals) =>
        refusals is [var only]
            ? only
            : new KeyferryException(
                FailureKind.Refused,
                string.Join(" ", refusals.Select(static (refusal, i) => $"({i + 1}) {refusal.Saw}")),
                string.Join(" ", refusals.Select(static (refusal, i) => $"({i + 1}) {refusal.Remedy}"))
            );
}

/// <summary>One step of a run.</summary>
/// <param name="Name">One or two words.</param>
/// <param name="Does">What it does, in one sentence.</param>
/// <param name="Undo">How it is taken back should a later one fail, in one sentence; empty where nothing has to be.</param>
internal sealed record PlanStep(string Name, string Does, string Undo = "");
