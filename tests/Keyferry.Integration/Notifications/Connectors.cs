using Keyferry.Integration.Servers;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Integration.Notifications;

/// <summary>The engine's connections to a test's server.</summary>
internal static class Connectors
{
    public static ServerConnector To(Endpoint endpoint) =>
        new(
            new SocketDialer(TimeSpan.FromSeconds(5), TimeProvider.System),
            endpoint,
            "source",
            new ConnectionSettings(),
            TimeProvider.System
        );

    public static ServerConnector To(RedisServer server, string? user = null, int? database = null) =>
        To(server.Endpoint with { User = user, Password = user is null ? null : new Secret("pw"), Database = database });

    public static async Task<string> FlagsAsync(this RedisServer server) =>
        ((string?[]?)await server.CommandAsync("CONFIG", "GET", "notify-keyspace-events"))?[1] ?? "";

    public static Task SetFlagsAsync(this RedisServer server, string flags) =>
        server.CommandAsync("CONFIG", "SET", "notify-keyspace-events", flags);
}
