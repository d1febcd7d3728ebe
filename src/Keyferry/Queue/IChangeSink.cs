namespace Keyferry.Queue;

/// <summary>Where a capture puts what it hears. Never waits: the server drops a subscriber that is slow to read.</summary>
internal interface IChangeSink
{
    /// <summary>A key changed, or was deleted, evicted, or renamed.</summary>
    void Changed(int database, ReadOnlySpan<byte> key);

    /// <summary>A key expired: a change like any other, but of the clock's making, so that it does not keep a run from counting as idle.</summary>
    void Expired(int database, ReadOnlySpan<byte> key);

    /// <summary>Everything changed at once, as the capture was told: a flush.</summary>
    void AllChanged(string reason);

    /// <summary>The capture was blind: changes may have been missed. Said at the loss, and again when it listens once more.</summary>
    /// <param name="reason">What happened, in words.</param>
    /// <param name="since">A moment of the run's clock (a timestamp) before which no change of the source was missed; <see langword="null"/> where that is not
    /// known, or where more is at stake than changes of the source.</param>
    /// <param name="cause">What all that is said of one loss has in common: it is one gap, whose reason is the one that is said last. <see langword="null"/> where it is said in the same words, or once.</param>
    /// <param name="lasts">Whether the capture is blind still, and will say the same cause again when it is not.</param>
    void MayHaveMissed(string reason, long? since = null, GapCause? cause = null, bool lasts = false);
}
