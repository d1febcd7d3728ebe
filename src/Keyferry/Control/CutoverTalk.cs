using Keyferry.Queue;

namespace Keyferry.Control;

/// <summary>How a cutover that was asked for has ended.</summary>
internal enum CutoverEnd
{
    /// <summary>The clients are on the other side.</summary>
    Switched,

    /// <summary>Nothing was switched; the run follows on.</summary>
    NotSwitched,

    /// <summary>Nobody knows; a person must say.</summary>
    Unknown,
}

/// <summary>What is said of one cutover to those who asked for it. Thread-safe.</summary>
internal sealed class CutoverTalk
{
    private readonly Lock _lock = new();
    private readonly List<string> _said = [];
    private readonly Pulse _news = new();
    private CutoverEnd? _end;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded
    {
        get
        {
            lock (_lock)
            {
                return _end is not null;
            }
        }
    }

    /// <summary>Adds a line.</summary>
    public void Say(string line)
    {
        lock (_lock)
        {
            _said.Add(line);
        }

        _news.Set();
    }

    /// <summary>Ends it. The first end counts.</summary>
    public void End(CutoverEnd end, string line)
    {
        lock (_lock)
        {
            if (_end is not null)
            {
                return;
            }

            _said.Add(line);
            _end = end;
        }

        _news.Set();
    }

    /// <summary>Waits for lines beyond the first <paramref name="known"/>.</summary>
    /// <returns>The new lines, and the end if it has come.</returns>
    public async ValueTask<(IReadOnlyList<string> Lines, CutoverEnd? End)> ListenAsync(int known, CancellationToken stop)
    {
        while (true)
        {
            var news = _news.Next();
            lock (_lock)
            {
                if (_said.Count > known || _end is not null)
                {
                    return ([.. _said.Skip(known)], _end);
                }
            }

            await news.WaitAsync(stop);
        }
    }
}
