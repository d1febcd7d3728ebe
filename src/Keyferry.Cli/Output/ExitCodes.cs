using Keyferry.Model;

namespace Keyferry.Cli.Output;

/// <summary>How the process ends, for scripts. One table; <c>docs/reference/exit-codes.md</c> is its other form, and a test compares the two.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Differences = 1;
    public const int Usage = 2;
    public const int Unreachable = 3;
    public const int Refused = 4;
    public const int NotProved = 5;
    public const int Aborted = 6;
    public const int Failed = 7;
    public const int OwnershipUnknown = 8;
    public const int Bug = 70;

    /// <summary>Number, name and meaning of each code.</summary>
    public static readonly IReadOnlyList<(int Code, string Name, string Means)> Table =
    [
        (Ok, "ok", "The command did what was asked. Of a run or a verify: both sides were compared and are equal."),
        (Differences, "differences", "Both sides were compared, and stable differences were found."),
        (Usage, "usage", "The command line, a URI, a file or a variable is not usable as given. Nothing was touched."),
        (Unreachable, "unreachable", "A server could not be reached, would not let Keyferry in, or is not ready."),
        (Refused, "refused", "Keyferry declined before it changed anything."),
        (NotProved, "not proved", "No stable difference was found, but equality could not be proved either; the report says why."),
        (Aborted, "aborted", "The operator ended the command before it could give a verdict."),
        (Failed, "failed", "The run could not go on."),
        (
            OwnershipUnknown,
            "ownership unknown",
            "The answer of a switch was lost: a person must find out where the clients write, and say so with keyferry resolve."
        ),
        (Bug, "internal error", "A mistake in Keyferry itself. Please report it, with the output of --verbose."),
    ];

    /// <summary>The code of a verdict.</summary>
    public static int Of(Verdict verdict) =>
        verdict switch
        {
            Verdict.Equal => Ok,
            Verdict.Different => Differences,
            Verdict.NotProved => NotProved,
            Verdict.Aborted => Aborted,
            _ => Bug,
        };

    /// <summary>The code of a failure.</summary>
    public static int Of(FailureKind kind) =>
        kind switch
        {
            FailureKind.Usage => Usage,
            FailureKind.Unreachable => Unreachable,
            FailureKind.Refused => Refused,
            FailureKind.Failed => Failed,
            FailureKind.OwnershipUnknown => OwnershipUnknown,
            _ => Bug,
        };
}
