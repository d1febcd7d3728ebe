namespace Keyferry.Verify;

/// <summary>Keys of one walk that a cheap look did not find equal, on their way to the closer look. It survives an interruption without losing or repeating a key.</summary>
internal sealed class SuspectQueue : IDisposable
{
    private readonly KeyBatch _batch = new();
    private int _taken;

    /// <summary>The keys; those already looked at stand in front until all are.</summary>
    public KeyBatch Keys { get; } = new();

    /// <summary>Looks closer at batches of keys while at least <paramref name="least"/> wait.</summary>
    public async ValueTask LookCloserAsync(
        CloserLook closer,
        int least,
        Action<string>? sawType,
        Action<KeyBatch, IReadOnlyList<Observation?>> seen,
        CancellationToken stop
    )
    {
        while (Keys.Count - _taken >= least)
        {
            _batch.Clear();
            var last = Math.Min(Keys.Count, _taken + CloserLook.BatchSize);
            for (var i = _taken; i < last; i++)
            {
                _batch.Add(Keys[i]);
            }

            seen(_batch, await closer.LookAsync(_batch, sawType, stop));
            _taken = last;
        }

        if (_taken == Keys.Count)
        {
            Keys.Clear();
            _taken = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Keys.Dispose();
        _batch.Dispose();
    }
}
