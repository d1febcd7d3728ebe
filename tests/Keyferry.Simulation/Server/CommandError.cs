namespace Keyferry.Simulation.Server;

/// <summary>A command's error reply, without the leading minus.</summary>
internal sealed class CommandError(string text) : Exception(text)
{
    public static CommandError Syntax => new("ERR syntax error");

    public static CommandError NotAnInteger => new("ERR value is not an integer or out of range");

    public static CommandError WrongType => new("WRONGTYPE Operation against a key holding the wrong kind of value");

    public static CommandError NoSuchKey => new("ERR no such key");
}
