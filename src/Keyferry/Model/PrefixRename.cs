using System.Text;

namespace Keyferry.Model;

/// <summary>Names that begin in one way begin in another on the target.</summary>
/// <param name="from">How they begin on the source; empty for every name.</param>
/// <param name="to">How they begin on the target; may be empty.</param>
public sealed class PrefixRename(string from, string to) : KeyRename
{
    private readonly byte[] _from = Encoding.UTF8.GetBytes(from);
    private readonly byte[] _to = Encoding.UTF8.GetBytes(to);

    /// <inheritdoc/>
    public override string Text => $"{from}={to}";

    /// <inheritdoc/>
    internal override byte[]? Forward(ReadOnlySpan<byte> name) => Replace(name, _from, _to);

    /// <inheritdoc/>
    internal override byte[]? Back(ReadOnlySpan<byte> name) => Replace(name, _to, _from);

    private static byte[]? Replace(ReadOnlySpan<byte> name, byte[] old, byte[] by) =>
        name.StartsWith(old) ? [.. by, .. name[old.Length..]] : null;
}
