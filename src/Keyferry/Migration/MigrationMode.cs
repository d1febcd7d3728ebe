namespace Keyferry.Migration;

/// <summary>What a run moves.</summary>
public enum MigrationMode
{
    /// <summary>One pass over the source; changes made meanwhile are not followed.</summary>
    Snapshot,

    /// <summary>Everything, and every change.</summary>
    Live,

    /// <summary>Only changes made from now on.</summary>
    LiveOnly,
}

/// <summary>What becomes of keys that the target cannot hold: field expiries on a server that has none, a module that it does not have.</summary>
public enum UnsupportedKeys
{
    /// <summary>The run is refused.</summary>
    Stop,

    /// <summary>They are not moved, and the report names them.</summary>
    LeaveOut,
}

/// <summary>What becomes of keys that the target already has.</summary>
public enum TargetKeys
{
    /// <summary>The run is refused.</summary>
    Refuse,

    /// <summary>They stay, except where the source has a key of the same name.</summary>
    Merge,

    /// <summary>They are removed: at the end the target has what the source has, and nothing else.</summary>
    Replace,
}
