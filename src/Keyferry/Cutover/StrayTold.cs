namespace Keyferry.Cutover;

/// <summary>What those who look for clients on the old side need to know, and whom they tell.</summary>
/// <param name="Tell">Is told of clients that should not write there.</param>
/// <param name="Note">Is told how they are looked for.</param>
/// <param name="Strange">Whether clients that write there should not; they should while they are brought back.</param>
/// <param name="IsAlone">Whether nobody else writes there: no way back is open.</param>
/// <param name="Time">The clock of the run.</param>
internal sealed record StrayTold(Action<string> Tell, Action<string> Note, Func<bool> Strange, bool IsAlone, TimeProvider Time)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Whether clients that write there should not.</summary>
    public bool AreStrange => Strange();

    /// <summary>Waits until clients that write there should not.</summary>
    public async ValueTask UntilStrangeAsync(CancellationToken stop)
    {
        while (!AreStrange)
        {
            await Task.Delay(Interval, Time, stop);
        }
    }
}
