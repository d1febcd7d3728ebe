namespace Keyferry.Integration.Faults;

/// <summary>Something that goes wrong for a while and then passes.</summary>
/// <param name="Name">For the test's name and its log.</param>
/// <param name="StrikeAsync">Brings it about, waits for the given time where it has a duration, and takes it off again.</param>
/// <param name="Least">How long it must last to be what its name says.</param>
internal sealed record Fault(string Name, Func<FaultBench, TimeSpan, CancellationToken, Task> StrikeAsync, TimeSpan Least = default)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
