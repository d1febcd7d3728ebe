using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Opens connections to one server: dials, logs in, names the connection. What goes wrong is told in an operator's words.</summary>
/// <param name="dialer">The network, or the simulation's.</param>
/// <param name="endpoint">Where, and with which credentials.</param>
/// <param name="role"><c>source</c> or <c>target</c>; for messages and for the client name.</param>
/// <param name="settings">Time-outs and the name of the run.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class ServerConnector(IDialer dialer, Endpoint endpoint, string role, ConnectionSettings settings, TimeProvider time)
{
    /// <summary>Where the connections go.</summary>
    public Endpoint Endpoint => endpoint;

    /// <summary><c>source</c> or <c>target</c>.</summary>
    public string Role => role;

    /// <summary>The prefix of the names of all connections of this run; <c>CLIENT LIST</c> shows them, and a resumed run finds a dead one's by it.</summary>
    public string NamePrefix => $"keyferry:{settings.RunName}:{role}";

    /// <summary>Opens one connection that is ready for commands.</summary>
    /// <param name="purpose">One word for the client name: <c>lane0</c>, <c>capture</c>, <c>scan</c>, <c>verify</c>, ...</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="subscription">The connection will wait for pushes, so that its silence is normal.</param>
    /// <exception cref="KeyferryException">The server cannot be reached or does not let us in: says why and what to do.</exception>
    public async ValueTask<RespConnection> ConnectAsync(string purpose, CancellationToken stop, bool subscription = false)
    {
        ITransport transport;
        try
        {
            transport = await dialer.DialAsync(endpoint, stop);
        }
        catch (IOException failed)
        {
            throw ConnectionTrouble.Dial(failed, endpoint, role);
        }

        var connection = new RespConnection(transport, endpoint, time, subscription ? Timeout.InfiniteTimeSpan : settings.CommandTimeout);
        try
        {
            using var patience = new CancellationTokenSource(settings.CommandTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
            await LogInAsync(connection, purpose, either.Token);
            return connection;
        }
        catch (Exception failed)
        {
            await connection.DisposeAsync();
            throw Translate(failed, stop);
        }
    }

    /// <summary>Asks the server who it is.</summary>
    public static async ValueTask<ServerIdentity> IdentifyAsync(RespConnection connection, CancellationToken stop) =>
        ServerIdentity.Parse((await connection.CallAsync(stop, "INFO")).Text);

    private Exception Translate(Exception failed, CancellationToken stop) =>
        failed switch
        {
            ServerErrorException refused => ConnectionTrouble.Login(refused, endpoint, role),
            IOException broken => ConnectionTrouble.Greeting(broken, endpoint, role),
            OperationCanceledException when !stop.IsCancellationRequested => ConnectionTrouble.Greeting(
                new IOException(
                    $"{endpoint} accepted the connection but did not answer within {settings.CommandTimeout.TotalSeconds:0.#} s"
                ),
                endpoint,
                role
            ),
            _ => failed,
        };

    private async ValueTask LogInAsync(RespConnection connection, string purpose, CancellationToken stop)
    {
        if (endpoint.Password is not null)
        {
            _ = endpoint.User is null
                ? await connection.CallAsync(stop, "AUTH", endpoint.Password.Reveal())
                : await connection.CallAsync(stop, "AUTH", endpoint.User, endpoint.Password.Reveal());
        }

        _ = await connection.CallAsync(stop, "PING");
        // Managed services may forbid either; both only help to recognise our connections.
        _ = await connection.TryCallAsync(stop, "CLIENT", "SETNAME", $"{NamePrefix}:{purpose}");
        var id = await connection.TryCallAsync(stop, "CLIENT", "ID");
        connection.ClientId = id.Type == RespType.Integer ? id.Integer : 0;
    }
}
