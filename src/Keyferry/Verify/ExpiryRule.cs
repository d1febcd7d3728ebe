using Keyferry.Model;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>When two expiries count as the same, and when a key that is missing on one side has merely expired there first.</summary>
/// <remarks>Expiries are absolute Unix times in milliseconds of the clock of the server that has the key.</remarks>
/// <param name="shift">By how much the run moved the expiries.</param>
/// <param name="tolerance">How far two expiries may be apart, beyond the uncertainty of the measured clocks.</param>
/// <param name="source">The source's clock.</param>
/// <param name="target">The target's clock.</param>
/// <param name="isExact">
/// Both servers tell the absolute time (<c>PEXPIRETIME</c>), and what was written is what was read: the same to the millisecond, or not the
/// same. Otherwise an expiry that was renewed a few milliseconds later would pass for the old one.
/// </param>
internal sealed class ExpiryRule(ExpiryShift shift, TimeSpan tolerance, ClockOffset source, ClockOffset target, bool isExact = false)
{
    /// <summary>The key is there and does not expire.</summary>
    public const long Never = -1;

    /// <summary>The key is not there.</summary>
    public const long Absent = -2;

    private readonly long _shift = shift.Milliseconds;

    private readonly long _tolerance = (long)Math.Ceiling((tolerance + shift.Uncertainty).TotalMilliseconds);

    /// <summary>How far apart two expiries may be, in milliseconds.</summary>
    public long Tolerance => isExact ? 0 : _tolerance;

    /// <summary>What the run made of the expiries of keys.</summary>
    public ExpiryPolicy Policy { get; init; } = ExpiryPolicy.Keep;

    /// <summary>The clock of the run, for expiries that are capped.</summary>
    public Func<DateTimeOffset> Now { get; init; } = static () => DateTimeOffset.MaxValue;

    /// <summary>Whether the target's expiry is what the run makes of the source's.</summary>
    /// <remarks>A capped expiry depends on when the key was moved, which nobody knows here: it must be no later than the source's, and within the cap from now.</remarks>
    public bool Agree(long onSource, long onTarget)
    {
        if (Policy.Drops && onSource != Absent)
        {
            return onTarget == Never;
        }

        return AgreeAsKept(onSource, onTarget)
            || (
                Policy.Cap is { } cap
                && onSource >= 0
                && onTarget >= 0
                && onTarget < onSource + _shift
                && onTarget <= TargetNow() + (long)cap.TotalMilliseconds
            );
    }

    /// <summary>Whether the target's expiry is the source's.</summary>
    public bool AgreeAsKept(long onSource, long onTarget) =>
        onSource < 0 || onTarget < 0 ? onSource == onTarget : Math.Abs(onSource + _shift - onTarget) <= Tolerance;

    /// <summary>Milliseconds by which the target's expiry is later; both keys must expire.</summary>
    public long Later(long onSource, long onTarget) => onTarget - onSource - _shift;

    /// <summary>Whether two looks at one expiry saw the same, allowing for the noise of servers that only tell the time left.</summary>
    public bool Same(long before, long now) => before < 0 || now < 0 ? before == now : Math.Abs(before - now) <= Tolerance;

    /// <summary>Whether a key of the source with this expiry has to be gone by now, or will be within the tolerance.</summary>
    public bool IsDueOnSource(long expiry, DateTimeOffset now) => IsDue(expiry, source, now);

    /// <summary>Whether a key of the target with this expiry has to be gone by now, or will be within the tolerance.</summary>
    public bool IsDueOnTarget(long expiry, DateTimeOffset now) => IsDue(expiry, target, now);

    private long TargetNow() => (Now() + target.Ahead).ToUnixTimeMilliseconds() + _tolerance;

    private bool IsDue(long expiry, ClockOffset clock, DateTimeOffset now) =>
        expiry >= 0 && expiry <= (now + clock.Ahead).ToUnixTimeMilliseconds() + _tolerance;
}
