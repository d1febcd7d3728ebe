namespace Keyferry.Model;

/// <summary>A rule by which some keys are called otherwise on the target. It works in both directions: from a name that it gives, the name that it was given to can be told.</summary>
public abstract class KeyRename
{
    private protected KeyRename() { }

    /// <summary>The rule as it was given.</summary>
    public abstract string Text { get; }

    /// <summary>What a key of the source is called on the target, or <see langword="null"/> where the rule does not speak of it.</summary>
    internal abstract byte[]? Forward(ReadOnlySpan<byte> name);

    /// <summary>A key of the source that may be called so on the target by this rule, or <see langword="null"/>. Only <see cref="Forward"/> tells whether it is.</summary>
    internal abstract byte[]? Back(ReadOnlySpan<byte> name);
}
