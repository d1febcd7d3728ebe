using Keyferry.Servers;

namespace Keyferry.Transfer;

/// <summary>By how much an absolute expiry moves on its way from source to target, so that a key lives as long on the target as on the source.</summary>
/// <remarks>
/// <para>Computed once per run: whoever writes and whoever compares must use the same value, or every expiry would differ by the drift of two measurements.</para>
/// <para>Servers whose clocks agree as well as clocks do keep the exact millisecond, because an application may compare expiries that it set itself.</para>
/// </remarks>
internal readonly record struct ExpiryShift
{
    /// <summary>Clocks that differ by less are taken to agree.</summary>
    public static readonly TimeSpan Agreement = TimeSpan.FromMilliseconds(100);

    /// <summary>Decides the shift from both measured clocks.</summary>
    /// <param name="source">The source's clock.</param>
    /// <param name="target">The target's clock.</param>
    public ExpiryShift(ClockOffset source, ClockOffset target)
    {
        var difference = target.Ahead - source.Ahead;
        Uncertainty = source.Uncertainty + target.Uncertainty;
        var noise = Uncertainty > Agreement ? Uncertainty : Agreement;
        Shift = difference.Duration() <= noise ? TimeSpan.Zero : TimeSpan.FromMilliseconds(Math.Round(difference.TotalMilliseconds));
    }

    /// <summary>What is added to an absolute expiry of the source to get the target's, in whole milliseconds: zero where the clocks agree.</summary>
    public TimeSpan Shift { get; }

    /// <summary>The true difference of the clocks lies within this of the measured one.</summary>
    public TimeSpan Uncertainty { get; }

    /// <summary><see cref="Shift"/> in milliseconds.</summary>
    public long Milliseconds => Shift.Ticks / TimeSpan.TicksPerMillisecond;
}
