using Keyferry.Queue;

namespace Keyferry.Verify;

/// <summary>Leaves the servers to the application: each piece of work is followed by a rest of so many times its own length, until somebody waits for the end.</summary>
/// <remarks>A server that is busy answers later, so that the rests grow with its load. Thread-safe but for <see cref="TakeAsync"/>, which has one caller.</remarks>
/// <param name="times">How many times the length of the work a rest lasts.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class Rests(int times, TimeProvider time)
{
    /// <summary>A server that stood still for a while (a fork, an outage) says nothing of what the work costs.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Pulse _hurried = new();
    private long _since = time.GetTimestamp();
    private bool _hurry;

    /// <summary>Whether there are no rests: somebody waits. Setting it ends the present rest at once.</summary>
    public bool Hurry
    {
        get => Volatile.Read(ref _hurry);
        set
        {
            Volatile.Write(ref _hurry, value);
            if (value)
            {
                _hurried.Set();
            }
        }
    }

    /// <summary>Completes when <see cref="Hurry"/> is set the next time.</summary>
    public Task Hurried() => _hurried.Next();

    /// <summary>A piece of work begins now.</summary>
    public void Begin() => _since = time.GetTimestamp();

    /// <summary>A piece of work is over: rests, and begins the next one.</summary>
    public async ValueTask TakeAsync(CancellationToken stop)
    {
        var rest = time.GetElapsedTime(_since) * times;
        var hurried = _hurried.Next();
        if (!Hurry && rest > TimeSpan.Zero)
        {
            try
            {
                await hurried.WaitAsync(rest < Longest ? rest : Longest, time, stop);
            }
            catch (TimeoutException)
            {
                // Rested.
                Begin();
                return;
            }
        }

        Begin();
    }
}
