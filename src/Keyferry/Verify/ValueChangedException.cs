namespace Keyferry.Verify;

/// <summary>A value changed its type or vanished while it was looked at. The look is void; the key is looked at again.</summary>
internal sealed class ValueChangedException() : Exception("a value changed while it was looked at");
