namespace Keyferry.Verify;

/// <summary>What a closer look knows of one key so far.</summary>
internal struct LookState
{
    /// <summary>The type on the source; <c>none</c> where the key is not there.</summary>
    public string SourceType;

    /// <summary>The type on the target; <c>none</c> where the key is not there.</summary>
    public string TargetType;

    /// <summary>Bytes or elements on the source.</summary>
    public long SourceSize;

    /// <summary>Bytes or elements on the target.</summary>
    public long TargetSize;

    /// <summary>Bytes of memory that the value uses on the side where it uses more; 0 where that is not known.</summary>
    public long Memory;

    /// <summary>Whether the value still has to be compared.</summary>
    public bool IsOpen;

    /// <summary>Whether the expiries of the hash's fields were asked for.</summary>
    public bool AskedFields;

    /// <summary>What differs, if anything does so far.</summary>
    public Observation? Seen;
}
