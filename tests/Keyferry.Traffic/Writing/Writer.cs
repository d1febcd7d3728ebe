using System.Threading.Channels;
using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Traffic.Writing;

/// <summary>
/// Writes at a set rate in an open loop: what is due is sent, whether or not earlier writes are answered, as many clients together would.
/// Where the server does not keep up for long, a bound on unanswered writes holds the loop back.
/// </summary>
public sealed class Writer(ServerLink link, KeySpace keys, WriterOptions options, TimeProvider time)
{
    private const int MostUnanswered = 20_000;
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(4);

    private readonly WriteMix _mix = new(
        keys,
        options.Seed,
        new WriteMixOptions(link.Version, options.SilentStreamCommands, options.FieldExpiries)
    );
    private readonly Channel<(WriteOp Op, Task Answer)> _unanswered = Channel.CreateBounded<(WriteOp, Task)>(
        new BoundedChannelOptions(MostUnanswered) { SingleReader = true, SingleWriter = true }
    );

    private long _refunded;

    /// <summary>Counts of what was answered so far. Read it when the run is over, or accept that it is moving.</summary>
    public WriteTally Tally { get; } = new();

    /// <summary>Writes until <paramref name="stop"/>, or for <paramref name="duration"/>; returns when every write is answered or lost.</summary>
    public async Task<WriteTally> RunAsync(TimeSpan? duration, CancellationToken stop)
    {
        var answers = CountAnswersAsync();
        try
        {
            await SendAsync(duration ?? Timeout.InfiniteTimeSpan, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The end that the caller asked for.
        }
        finally
        {
            _unanswered.Writer.Complete();
            await answers;
        }

        return Tally;
    }

    private async Task SendAsync(TimeSpan duration, CancellationToken stop)
    {
        using var ticks = new PeriodicTimer(Tick, time);
        long begin = time.GetTimestamp();
        long sent = 0;
        do
        {
            var elapsed = time.GetElapsedTime(begin);
            if (duration != Timeout.InfiniteTimeSpan && elapsed > duration)
            {
                return;
            }

            long due = (long)(elapsed.TotalSeconds * options.WritesPerSecond) + Interlocked.Read(ref _refunded);
            for (; sent < due; sent++)
            {
                var op = NextOp();
                await _unanswered.Writer.WriteAsync((op, Send(op)), stop);
            }
        } while (await ticks.WaitForNextTickAsync(stop));
    }

    /// <summary>The next that the server takes: a cluster refuses commands over several slots.</summary>
    private WriteOp NextOp()
    {
        WriteOp op;
        do
        {
            op = _mix.Next();
        } while (!link.AreTogether(op.Commands.SelectMany(command => command.Arguments.OfType<RedisKey>())));

        return op;
    }

    private Task Send(WriteOp op)
    {
        var database = link.Database(op.Database);
        if (op.Commands is [var only])
        {
            return database.ExecuteAsync(only.Name, only.Arguments);
        }

        var transaction = database.CreateTransaction();
        var parts = op.Commands.Select(command => (Task)transaction.ExecuteAsync(command.Name, command.Arguments)).ToArray();
        return ExecuteAsync(transaction, parts);
    }

    /// <summary>Where a transaction fails with its connection, the answers of its parts may never come.</summary>
    private static async Task ExecuteAsync(ITransaction transaction, Task[] parts)
    {
        await transaction.ExecuteAsync();
        await Task.WhenAll(parts);
    }

    private async Task CountAnswersAsync()
    {
        await foreach (var (op, answer) in _unanswered.Reader.ReadAllAsync())
        {
            try
            {
                await answer;
                Tally.Accept(op);
            }
            catch (RedisServerException refusal)
            {
                Tally.Refuse(op, refusal.Message);
                Interlocked.Increment(ref _refunded);
                if (IsWrongContent(refusal.Message))
                {
                    // Another write turned the key into something else: make room, as an application would that cleans up.
                    link.Database(op.Database).KeyDelete(op.Key, CommandFlags.FireAndForget);
                }
            }
            catch (Exception lost) when (lost is RedisException or TimeoutException or OperationCanceledException)
            {
                Tally.Lose();
            }
        }
    }

    private static bool IsWrongContent(string error) =>
        error.StartsWith("WRONGTYPE", StringComparison.Ordinal)
        || error.StartsWith("ERR value is not", StringComparison.Ordinal)
        || error.StartsWith("ERR increment", StringComparison.Ordinal);
}
