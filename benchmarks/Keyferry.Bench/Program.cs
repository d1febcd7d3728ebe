using System.CommandLine;
using Keyferry.Bench;
using StackExchange.Redis;

try
{
    return await BenchCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
}
catch (Exception failure) when (failure is InvalidOperationException or OperationCanceledException or RedisException)
{
    await Console.Error.WriteLineAsync("error: " + failure.Message);
    return 2;
}
