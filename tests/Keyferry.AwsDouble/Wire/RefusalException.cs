namespace Keyferry.AwsDouble.Wire;

/// <summary>An error that a service answers with: its code on the wire, its HTTP status, its words.</summary>
public sealed class RefusalException(string code, string message, int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;

    public static RefusalException Value(string message) => new("InvalidParameterValue", message);

    public static RefusalException Combination(string message) => new("InvalidParameterCombination", message);
}
