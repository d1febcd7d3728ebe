namespace Keyferry.Model;

/// <summary>What kind of trouble ended an operation. Each kind has one process exit code.</summary>
public enum FailureKind
{
    /// <summary>The command line, a URI, a file or a variable is not usable as given.</summary>
    Usage,

    /// <summary>A server could not be reached, would not let us in, or is not ready.</summary>
    Unreachable,

    /// <summary>Keyferry declined before it changed anything: the target has keys, the versions do not fit, another run holds the work directory.</summary>
    Refused,

    /// <summary>The run could not go on: a server kept failing, or an answer was not understood.</summary>
    Failed,

    /// <summary>The answer of a switch was lost: nobody knows which side the clients write to, and a person must find out.</summary>
    OwnershipUnknown,
}
