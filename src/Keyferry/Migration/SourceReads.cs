namespace Keyferry.Migration;

/// <summary>Which nodes of the source are read.</summary>
public enum SourceReads
{
    /// <summary>Its primaries.</summary>
    Primary,

    /// <summary>A replica of each primary, wherever one is proved to have all that its primary has; else the primary. Redis 7.0 and newer: older primaries tell their replicas
    /// expiries in a way that moves them.</summary>
    Replica,
}
