namespace Keyferry.Model;

/// <summary>A failure that an operator can act on: what was seen, and what to do about it. It prints without a stack trace.</summary>
public sealed class KeyferryException : Exception
{
    /// <summary>Creates the failure.</summary>
    /// <param name="kind">Decides the exit code.</param>
    /// <param name="saw">One sentence: what was seen, and what it means. Holds no secret and no key.</param>
    /// <param name="remedy">One or two sentences: what to do.</param>
    /// <param name="inner">The technical cause, shown only with verbose logging.</param>
    public KeyferryException(FailureKind kind, string saw, string remedy, Exception? inner = null)
        : base($"{saw} {remedy}", inner)
    {
        Kind = kind;
        Saw = saw;
        Remedy = remedy;
    }

    /// <summary>Decides the exit code.</summary>
    public FailureKind Kind { get; }

    /// <summary>What was seen, and what it means.</summary>
    public string Saw { get; }

    /// <summary>What to do.</summary>
    public string Remedy { get; }
}
