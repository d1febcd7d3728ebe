using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Notifications;

/// <summary>What a server said when it was asked for its notification flags.</summary>
internal abstract record FlagReading
{
    private FlagReading() { }

    /// <summary>It told them.</summary>
    /// <param name="Text">Exactly as told.</param>
    /// <param name="Flags">As a set.</param>
    public sealed record Known(string Text, NotificationFlags Flags) : FlagReading;

    /// <summary>It did not.</summary>
    /// <param name="Cause">Why, as a kind.</param>
    /// <param name="Said">The server's own words.</param>
    public sealed record Unreadable(FlagObstacle Cause, string Said) : FlagReading;

    /// <summary>Asks <c>CONFIG GET</c>.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask<FlagReading> AskAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.TryCallAsync(stop, "CONFIG", "GET", FlagTrouble.Parameter);
        if (reply.IsError)
        {
            return new Unreadable(FlagTrouble.CauseOf(reply.Text), reply.Text);
        }

        return reply[FlagTrouble.Parameter] is { } value && NotificationFlags.TryParse(value.Text, out var flags)
            ? new Known(value.Text, flags)
            : new Unreadable(FlagObstacle.NoSuchParameter, $"CONFIG GET {FlagTrouble.Parameter} yields no value");
    }
}

/// <summary>What stands in the way of reading or setting the flags.</summary>
internal enum FlagObstacle
{
    /// <summary>There is no <c>CONFIG</c> command: a managed service, or it was renamed.</summary>
    NoConfigCommand,

    /// <summary>The user may not run it.</summary>
    NotPermitted,

    /// <summary>The server has no keyspace notifications.</summary>
    NoSuchParameter,

    /// <summary>It said something else.</summary>
    Other,
}

/// <summary>Says what stands in the way of the flags, and what to do about it.</summary>
internal static class FlagTrouble
{
    /// <summary>The server's parameter.</summary>
    public const string Parameter = "notify-keyspace-events";

    /// <summary>Reads the kind of obstacle from an error reply.</summary>
    public static FlagObstacle CauseOf(string reply) =>
        reply switch
        {
            _ when reply.StartsWith("NOPERM", StringComparison.Ordinal) => FlagObstacle.NotPermitted,
            _ when reply.Contains("unknown command", StringComparison.OrdinalIgnoreCase) => FlagObstacle.NoConfigCommand,
            _ when reply.Contains("not allowed", StringComparison.OrdinalIgnoreCase) => FlagObstacle.NoConfigCommand,
            _ when reply.Contains("Unknown option", StringComparison.OrdinalIgnoreCase) => FlagObstacle.NoSuchParameter,
            _ when reply.Contains("Unsupported CONFIG parameter", StringComparison.OrdinalIgnoreCase) => FlagObstacle.NoSuchParameter,
            _ => FlagObstacle.Other,
        };

    /// <summary>In words, as the rest of a sentence that began with what cannot be done.</summary>
    public static string Words(FlagObstacle cause) =>
        cause switch
        {
            FlagObstacle.NoConfigCommand => "it has no CONFIG command (a managed service, or the command was renamed)",
            FlagObstacle.NotPermitted => "the user may not run CONFIG",
            FlagObstacle.NoSuchParameter => "it has no keyspace notifications",
            _ => "it refused",
        };

    /// <summary>What to do, so that the flags <paramref name="wanted"/> come to stand.</summary>
    public static string Remedy(FlagObstacle cause, NotificationFlags wanted)
    {
        var value = wanted.ToConfigText();
        return cause switch
        {
            FlagObstacle.NoConfigCommand =>
                $"On ElastiCache run keyferry notifications enable --elasticache ID, which does it in the cache's parameter group (Serverless has no notifications); on "
                    + $"MemoryDB set {Parameter} to {value} in a custom parameter group and assign it; on other services in their configuration; on a server of yours write '{Parameter} {value}' into redis.conf.",
            FlagObstacle.NotPermitted =>
                $"Give the user the rights (ACL SETUSER NAME +config|get +config|set), or let an administrator run: CONFIG SET {Parameter} {value}.",
            FlagObstacle.NoSuchParameter => "Changes cannot be followed there by notifications; --mode snapshot copies without following.",
            _ => $"Let an administrator run: CONFIG SET {Parameter} {value}.",
        };
    }

    /// <summary>The flags do not suffice, and cannot be changed from here.</summary>
    public static KeyferryException CannotSet(Endpoint endpoint, FlagObstacle cause, string said, NotificationFlags wanted) =>
        new(
            FailureKind.Refused,
            $"The notification flags of {endpoint} cannot be set: {Words(cause)} ({said.TrimEnd().TrimEnd('.')}).",
            Remedy(cause, wanted)
        );
}
