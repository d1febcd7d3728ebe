using System.Numerics;

namespace Keyferry.Lanes;

/// <summary>Lags of the changes moved lately: a histogram of the last five to ten seconds, in steps of about 9 %.</summary>
/// <remarks>Thread-safe by its lock, taken once per acknowledged batch.</remarks>
internal sealed class LagWindow(TimeProvider time)
{
    private const int StepsPerDoubling = 8;
    private const int Doublings = 32;
    private static readonly TimeSpan Span = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private int[] _now = new int[StepsPerDoubling * Doublings];
    private int[] _before = new int[StepsPerDoubling * Doublings];
    private long _turned = time.GetTimestamp();

    /// <summary>Adds one change that took <paramref name="milliseconds"/>.</summary>
    public void Add(uint milliseconds)
    {
        lock (_lock)
        {
            Turn();
            _now[StepOf(milliseconds)]++;
        }
    }

    /// <summary>The lag that <paramref name="share"/> (0.5, 0.99) of the changes did not exceed; zero when there were none.</summary>
    public TimeSpan Quantile(double share)
    {
        lock (_lock)
        {
            Turn();
            var total = 0L;
            for (var i = 0; i < _now.Length; i++)
            {
                total += _now[i] + _before[i];
            }

            var rank = (long)Math.Ceiling(total * share);
            for (var i = 0; i < _now.Length && total > 0; i++)
            {
                rank -= _now[i] + _before[i];
                if (rank <= 0)
                {
                    return TimeSpan.FromMilliseconds(UpperEnd(i));
                }
            }

            return TimeSpan.Zero;
        }
    }

    /// <summary>0 to 7 have a step each; from there on, eight steps per doubling.</summary>
    internal static int StepOf(uint milliseconds)
    {
        if (milliseconds < StepsPerDoubling)
        {
            return (int)milliseconds;
        }

        var exponent = BitOperations.Log2(milliseconds);
        return (StepsPerDoubling * (exponent - 2)) + (int)((milliseconds >> (exponent - 3)) & 7);
    }

    internal static double UpperEnd(int step)
    {
        if (step < StepsPerDoubling)
        {
            return step;
        }

        var exponent = (step / StepsPerDoubling) + 2;
        return ((8L + (step % StepsPerDoubling) + 1) << (exponent - 3)) - 1;
    }

    private void Turn()
    {
        var elapsed = time.GetElapsedTime(_turned);
        if (elapsed < Span)
        {
            return;
        }

        (_now, _before) = (_before, _now);
        Array.Clear(_now);
        if (elapsed >= 2 * Span)
        {
            Array.Clear(_before);
        }

        _turned = time.GetTimestamp();
    }
}
