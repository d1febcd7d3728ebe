namespace Keyferry.Queue;

/// <summary>Keeps lanes from taking keys for as long as somebody has a reason. Changes are still heard of meanwhile, and wait. Thread-safe.</summary>
internal sealed class PauseGate
{
    private readonly Lock _lock = new();
    private readonly List<string> _reasons = [];
    private readonly Pulse _changed = new();

    /// <summary>Why no keys are taken, in words; <see langword="null"/> while they are.</summary>
    public string? Reason
    {
        get
        {
            lock (_lock)
            {
                return _reasons.Count == 0 ? null : _reasons[^1];
            }
        }
    }

    /// <summary>Whether no keys are taken.</summary>
    public bool IsClosed => Reason is not null;

    /// <summary>Closes the gate for a reason, until the same reason is taken back.</summary>
    /// <returns>Whether that is new.</returns>
    public bool Close(string reason)
    {
        lock (_lock)
        {
            if (_reasons.Contains(reason))
            {
                return false;
            }

            _reasons.Add(reason);
            return true;
        }
    }

    /// <summary>Takes a reason back.</summary>
    /// <returns>Whether it was one.</returns>
    public bool Open(string reason)
    {
        lock (_lock)
        {
            if (!_reasons.Remove(reason))
            {
                return false;
            }
        }

        _changed.Set();
        return true;
    }

    /// <summary>Returns once the gate is open.</summary>
    public async ValueTask PassAsync(CancellationToken stop)
    {
        while (true)
        {
            var changed = _changed.Next();
            if (!IsClosed)
            {
                return;
            }

            await changed.WaitAsync(stop);
        }
    }
}
