namespace Keyferry.Resp;

/// <summary>The peer sent bytes that are not RESP. The connection is of no further use.</summary>
internal sealed class RespProtocolException(string message) : IOException(message);
