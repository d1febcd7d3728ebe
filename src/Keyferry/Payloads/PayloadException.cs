namespace Keyferry.Payloads;

/// <summary>A payload is not what its type byte promises, or of a form that is not known here: its key must be moved by commands.</summary>
internal sealed class PayloadException(string message) : Exception(message);
