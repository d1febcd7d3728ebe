using Keyferry.Queue;

namespace Keyferry.Control;

/// <summary>What only a person can do or say: one question at a time. Thread-safe.</summary>
internal sealed class PersonQuestions
{
    private readonly Lock _lock = new();
    private readonly Pulse _changed = new();
    private PersonQuestion? _open;
    private bool? _answer;

    /// <summary>What is asked now, or <see langword="null"/>.</summary>
    public PersonQuestion? Open
    {
        get
        {
            lock (_lock)
            {
                return _open;
            }
        }
    }

    /// <summary>Asks, and waits for the answer.</summary>
    public async ValueTask<bool> AskAsync(PersonQuestion question, CancellationToken stop)
    {
        lock (_lock)
        {
            (_open, _answer) = (question, null);
        }

        try
        {
            while (true)
            {
                var changed = _changed.Next();
                lock (_lock)
                {
                    if (_answer is { } answer)
                    {
                        return answer;
                    }
                }

                await changed.WaitAsync(stop);
            }
        }
        finally
        {
            lock (_lock)
            {
                (_open, _answer) = (null, null);
            }
        }
    }

    /// <summary>Answers what is asked.</summary>
    /// <param name="aboutOwnership">Whether the answer is one about who owns the data.</param>
    /// <param name="answer">The answer.</param>
    /// <returns>Whether that was asked.</returns>
    public bool Answer(bool aboutOwnership, bool answer)
    {
        lock (_lock)
        {
            if (_open is null || _answer is not null || _open.IsAboutOwnership != aboutOwnership)
            {
                return false;
            }

            _answer = answer;
        }

        _changed.Set();
        return true;
    }
}

/// <summary>One question to a person.</summary>
/// <param name="Text">What is asked, and how it is answered.</param>
/// <param name="IsAboutOwnership">Whether it asks who owns the data after the answer of a switch was lost; then it is answered by <c>keyferry resolve</c>, else by
/// <c>keyferry answer</c>.</param>
internal sealed record PersonQuestion(string Text, bool IsAboutOwnership);
