namespace Keyferry.Transfer;

/// <summary>Tells how long the source was busy with a piece of a value: for so long its other clients waited.</summary>
/// <remarks>It is what was waited for, less the shortest round trip that was seen: a question that takes the source no time. What the source did while Keyferry was busy itself is not
/// seen, so it errs to the short side.</remarks>
/// <param name="clock">A clock that only goes forward.</param>
internal sealed class SliceWatch(Func<TimeSpan> clock)
{
    private TimeSpan _roundTrip = TimeSpan.MaxValue;
    private TimeSpan _since;

    /// <summary>A question was sent, or its answer is waited for from now on.</summary>
    public void Begin() => _since = clock();

    /// <summary>The answer to a question that takes the source no time is here.</summary>
    public void EndRoundTrip()
    {
        var spent = clock() - _since;
        _roundTrip = spent < _roundTrip ? spent : _roundTrip;
    }

    /// <summary>The answer to a question for a piece is here.</summary>
    /// <returns>For how long the source was busy with it, as far as can be seen.</returns>
    public TimeSpan End()
    {
        var spent = clock() - _since;
        return spent > _roundTrip ? spent - _roundTrip : TimeSpan.Zero;
    }
}
