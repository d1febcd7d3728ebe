namespace Keyferry.Model;

/// <summary>What a run or a verify can truthfully say about both sides at its end.</summary>
public enum Verdict
{
    /// <summary>Both sides were compared in both directions and are equal.</summary>
    Equal,

    /// <summary>Stable differences were found, and are listed.</summary>
    Different,

    /// <summary>No stable difference was found, but equality could not be proved either; the reasons are listed.</summary>
    NotProved,

    /// <summary>The operator ended the run before it could say anything.</summary>
    Aborted,
}
