using StackExchange.Redis;

namespace Keyferry.Traffic.Writing;

/// <summary>One write of the application: a command, or several in a MULTI/EXEC.</summary>
/// <param name="Database">Where it runs.</param>
/// <param name="Key">The key that a type error would be about.</param>
/// <param name="Commands">One command runs alone, more run as one transaction.</param>
public sealed record WriteOp(int Database, RedisKey Key, IReadOnlyList<WriteCommand> Commands);

/// <summary>A command with its arguments: keys as <see cref="RedisKey"/>, all else as <see cref="RedisValue"/>.</summary>
public sealed record WriteCommand(string Name, object[] Arguments);
