namespace Keyferry.Verify;

/// <summary>Some of the keys of a walk: a script that the server runs in place of SCAN leaves out most of the others.</summary>
internal interface IScanFilter
{
    /// <summary>A read-only script with the arguments cursor, COUNT and <see cref="Argument"/>, and a reply of the form of SCAN's.</summary>
    ReadOnlySpan<byte> Script { get; }

    /// <summary>What the script needs to know.</summary>
    ReadOnlySpan<byte> Argument { get; }

    /// <summary>Whether the key is one of them.</summary>
    bool Contains(ReadOnlySpan<byte> key);
}
