using System.Net.Sockets;
using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Doctor;

/// <summary>The steps on the way to a server, in their order, and which of them failed.</summary>
internal static class Reach
{
    private static readonly string[] Steps = ["name", "route", "TCP", "TLS", "login", "command"];

    /// <summary>What was found when a server could not be reached: the steps that were taken, the one that failed, and why.</summary>
    public static Finding Failed(KeyferryException failure, Endpoint endpoint, FindingSide side)
    {
        var failed = StepOf(failure);
        var taken = Steps
            .TakeWhile(step => step != failed)
            .Where(step => step != "TLS" || endpoint.Tls)
            .Select(static step => $"{step} ok");
        return new Finding("reach", FindingLevel.Blocker, side, failure.Saw)
        {
            Means = $"On the way there: {string.Join(", ", taken.Append($"{failed} failed"))}.",
            Remedy = failure.Remedy,
            Step = failed,
        };
    }

    /// <summary>What was found where no way to the server was known to try.</summary>
    public static Finding NotTried(KeyferryException trouble, FindingSide side) =>
        new("reach", FindingLevel.Blocker, side, trouble.Saw) { Means = "The way there was not tried.", Remedy = trouble.Remedy };

    /// <summary>What was found when it could.</summary>
    public static Finding Good(Endpoint endpoint, FindingSide side, ServerAnswers answers) =>
        new(
            "reach",
            FindingLevel.Good,
            side,
            $"{answers.Identity} at {endpoint}: name, route, TCP, {(endpoint.Tls ? "TLS, " : "")}login and commands work; a round trip takes {answers.RoundTrip.TotalMilliseconds:0.##} ms."
        );

    /// <summary>The step that failed, read from what caused the failure.</summary>
    internal static string StepOf(KeyferryException failure) =>
        failure.InnerException switch
        {
            TlsException => "TLS",
            ServerErrorException { Command: "AUTH" } => "login",
            ServerErrorException { Code: "NOAUTH" or "WRONGPASS" or "DENIED" } => "login",
            ServerErrorException => "command",
            IOException { InnerException: SocketException socket } => socket.SocketErrorCode switch
            {
                SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "name",
                SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown => "route",
                _ => "TCP",
            },
            IOException { InnerException: OperationCanceledException } => "TCP",
            _ => "command",
        };
}
