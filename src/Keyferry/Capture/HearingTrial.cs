using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Queue;

namespace Keyferry.Capture;

/// <summary>Finds out again and again whether a source still tells of every change: by its notification flags, and by keys of our own where it does not let them be read.</summary>
/// <remarks>
/// <para><b>Promises.</b> A source that has stopped telling is one gap, which begins with the last trial that heard everything. Each further trial that does not hear everything asks for
/// another look at the keys; the gap is closed only by one that begins after a trial has heard everything again, and says then from when to when it was.</para>
/// <para><b>Does not promise.</b> Of flags that were off and on again between two trials nothing shows here; the counts of commands may tell.</para>
/// <para><b>Concurrency.</b> Anybody, any time; one trial after the other.</para>
/// </remarks>
/// <param name="flags">Reads the flags and sets what is missing, or tries them out.</param>
/// <param name="sink">Where gaps go.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class HearingTrial(NotificationSwitch flags, IChangeSink sink, TimeProvider time)
{
    /// <summary>How often flags that cannot be read are tried out.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly Turn _turn = new();
    private long _tried = time.GetTimestamp();
    private (long Timestamp, DateTimeOffset At)? _heard;
    private Deafness? _deaf;
    private bool _isInDoubt;
    private bool _hasEnded;

    /// <summary>Whether no key may be written just now, because clients are kept from writing: nothing is due then.</summary>
    public Func<bool> Rests { get; init; } = static () => false;

    /// <summary>The family of channels in which the source tells.</summary>
    public ChannelFamily Family { get; private set; }

    /// <summary>Why the flags can only be tried out, or <see langword="null"/>.</summary>
    public FlagObstacle? Unread { get; private set; }

    /// <summary>Whether the last trial did not hear everything.</summary>
    public bool IsDeaf => Volatile.Read(ref _deaf) is not null;

    /// <summary>Whether the last trial is so long ago that another one should follow.</summary>
    public bool IsDue => time.GetElapsedTime(Interlocked.Read(ref _tried)) >= Interval && !Rests();

    /// <summary>This moment, on both clocks.</summary>
    public (long Timestamp, DateTimeOffset At) Now => (time.GetTimestamp(), time.GetUtcNow());

    /// <summary>The flags were read, and the source told of every change: what may be missed later came after that.</summary>
    /// <param name="asked">A moment (<see cref="Now"/>) before they were asked for.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask ReadAsync((long Timestamp, DateTimeOffset At) asked, CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        try
        {
            if (_deaf is null && _heard is { } heard && heard.Timestamp < asked.Timestamp)
            {
                _heard = asked;
            }
        }
        finally
        {
            _turn.Leave();
        }
    }

    /// <summary>Tries now.</summary>
    /// <returns>Why changes may not be heard of, and what to do; <see langword="null"/> where all are.</returns>
    /// <exception cref="KeyferryException">The source cannot be reached.</exception>
    public async ValueTask<KeyferryException?> TryAsync(CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        try
        {
            if (_hasEnded)
            {
                return null;
            }

            var began = Now;
            var (deaf, changed) = await AskAsync(stop);
            Note(deaf?.Saw, changed);
            _heard = deaf is null ? began : _heard;
            return deaf;
        }
        finally
        {
            _ = Interlocked.Exchange(ref _tried, time.GetTimestamp());
            _turn.Leave();
        }
    }

    /// <summary>Tries before a connection listens.</summary>
    /// <exception cref="KeyferryException">The source does not tell of every change, and cannot be made to. Where it only could not be found out, which a server that loads its data does not let
    /// anybody, that is a gap to who listened before, and refused to who has not.</exception>
    public async ValueTask BeginAsync(CancellationToken stop)
    {
        var isFirst = _heard is null;
        if (await TryAsync(stop) is { } deaf && (isFirst || !_isInDoubt))
        {
            throw deaf;
        }
    }

    /// <summary>Nobody listens to this source any more. If it was silent, the blind time ends here; it is not tried again.</summary>
    public async ValueTask EndAsync(CancellationToken stop)
    {
        await _turn.EnterAsync(stop);
        try
        {
            _hasEnded = true;
            Note(null, changed: false);
        }
        finally
        {
            _turn.Leave();
        }
    }

    private void Note(string? saw, bool changed)
    {
        var was = _deaf;
        Volatile.Write(ref _deaf, saw is null ? null : new Deafness(saw, was?.Cause ?? new GapCause()));
        // Before the first time that everything was heard, nobody has relied on it.
        if (_heard is not { } heard)
        {
            return;
        }

        if (_deaf is { } deaf)
        {
            var reason = $"the source does not tell of every change any more, and last did at {heard.At:u}: {saw}";
            sink.MayHaveMissed(reason, heard.Timestamp, deaf.Cause, lasts: true);
        }
        else if (was is not null)
        {
            var reason = $"the source did not tell of every change between {heard.At:u} and {time.GetUtcNow():u}: {was.Saw}";
            sink.MayHaveMissed(reason, heard.Timestamp, was.Cause, lasts: false);
        }
        else if (changed)
        {
            sink.MayHaveMissed(
                "the source's notification flags had been changed, so that it no longer told of every change",
                heard.Timestamp
            );
        }
    }

    private async ValueTask<(KeyferryException? Deaf, bool Changed)> AskAsync(CancellationToken stop)
    {
        try
        {
            var found = await flags.EnsureAsync(stop);
            (Family, Unread, _isInDoubt) = (found.Family, found.Unread, found.Doubt is not null);
            return (found.Doubt is { } doubt ? Doubtful(flags.Server, doubt) : null, found.Changed);
        }
        catch (KeyferryException refused) when (refused.Kind == FailureKind.Refused)
        {
            _isInDoubt = false;
            return (refused, false);
        }
    }

    private static KeyferryException Doubtful(Endpoint server, string doubt) =>
        new(
            FailureKind.Refused,
            $"It cannot be known whether the source {server} tells of every change: {doubt.TrimEnd('.')}.",
            "Give the user +config|get, or let it write and remove keys of each type that are called keyferry:{*; or use --capture tracking or polling."
        );

    /// <summary>A time in which the source does not tell of every change.</summary>
    /// <param name="Saw">What the last trial saw of it.</param>
    /// <param name="Cause">What makes one gap of all that is said of it.</param>
    private sealed record Deafness(string Saw, GapCause Cause);
}
