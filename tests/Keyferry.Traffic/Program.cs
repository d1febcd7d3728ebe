using System.CommandLine;
using Keyferry.Traffic;
using StackExchange.Redis;

try
{
    return await TrafficCommands.Root().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception failure) when (failure is RedisException or InvalidOperationException)
{
    await Console.Error.WriteLineAsync("error: " + failure.Message);
    return 2;
}
