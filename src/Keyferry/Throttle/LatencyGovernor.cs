namespace Keyferry.Throttle;

/// <summary>Finds the rate at which the source answers within its budget: down in proportion to what it is over, up again in small steps. Pure; one owner.</summary>
internal sealed class LatencyGovernor
{
    /// <summary>Never slower than so many keys a second: a source that is too slow by itself must not stop the copy for ever.</summary>
    public const double Slowest = 100;

    /// <summary>Looks in a row at which far less was taken than allowed until the brake is let go: a few seconds.</summary>
    private const int LooksUntilFree = 20;

    /// <summary>Where a budget is given the first keys are read slowly, so that not even the first second is over it.</summary>
    private const double First = 2000;

    private int _unused;
    private bool _starting;

    /// <summary>Keys that may be taken in a second; <see langword="null"/> for as many as the source gives.</summary>
    public double? Rate { get; private set; }

    /// <summary>Begins slowly, and becomes faster in large steps until the budget is felt.</summary>
    public void Begin() => (Rate, _unused, _starting) = (First, 0, true);

    /// <summary>Looks at the latency of the last moments.</summary>
    /// <param name="latency">What the source took to answer.</param>
    /// <param name="budget">What it may take.</param>
    /// <param name="used">Keys a second that were taken meanwhile.</param>
    public void Look(TimeSpan latency, TimeSpan budget, double used)
    {
        var share = latency / budget;
        if (share > 1)
        {
            (_unused, _starting) = (0, false);
            // What is allowed and not taken has made nothing slow: the brake begins at what was taken.
            var basis = Math.Max(Slowest, Math.Min(Rate ?? double.MaxValue, used * 1.1));
            Rate = Math.Max(Slowest, basis * Math.Max(0.5, 0.95 / share));
            return;
        }

        if (Rate is not { } rate)
        {
            return;
        }

        _unused = used < rate / 3 ? _unused + 1 : 0;
        var growth =
            _starting && share < 0.7 ? 1.5
            : share < 0.5 ? 1.25
            : share < 0.9 ? 1.05
            : 1;
        Rate =
            _unused >= LooksUntilFree ? null
            // What nobody takes needs not grow: the brake would come too late.
            : used * 4 < rate ? rate
            : rate * growth;
    }

    /// <summary>Lets the brake go.</summary>
    public void Free() => (Rate, _unused) = (null, 0);
}
