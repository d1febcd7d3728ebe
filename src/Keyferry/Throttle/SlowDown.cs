namespace Keyferry.Throttle;

/// <summary>A time during which Keyferry went slow for the source's sake.</summary>
/// <param name="From">When it began, UTC.</param>
/// <param name="Lasted">How long it lasted; up to now, if it still does.</param>
/// <param name="Budget">The budget that the source was over.</param>
/// <param name="Worst">The longest that the source took to answer, on average over a quarter of a second.</param>
/// <param name="Lowest">The lowest rate, in keys a second.</param>
internal sealed record SlowDown(DateTimeOffset From, TimeSpan Lasted, TimeSpan Budget, TimeSpan Worst, double Lowest)
{
    /// <summary>In words.</summary>
    public string Words =>
        $"{From:HH:mm:ss} for {Lasted.TotalSeconds:0.#} s: the source took {Worst.TotalMilliseconds:0.0#} ms to answer (budget {Budget.TotalMilliseconds:0.###} ms); down to {Lowest:#,0} keys/s";
}
