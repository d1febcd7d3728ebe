namespace Keyferry.Model;

/// <summary>A password or token. It never prints: <see cref="ToString"/> yields a fixed mask, so that no log line, error or report can hold it.</summary>
public sealed class Secret
{
    private readonly string _value;

    /// <summary>Wraps <paramref name="value"/>; an empty string is a secret too (some servers have empty passwords).</summary>
    public Secret(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _value = value;
    }

    /// <summary>The text itself. Call it only where the bytes go to the server.</summary>
    public string Reveal() => _value;

    /// <summary>Always <c>***</c>.</summary>
    public override string ToString() => "***";
}
