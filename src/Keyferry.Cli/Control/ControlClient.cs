using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Keyferry.Cli.Output;
using Keyferry.Cutover;
using Keyferry.Model;
using Keyferry.State;

namespace Keyferry.Cli.Control;

/// <summary>Asks something of the migration that runs with a work directory.</summary>
internal static class ControlClient
{
    /// <summary>How long a run may take to say what becomes of a request that is given up.</summary>
    private static readonly TimeSpan LeavePatience = TimeSpan.FromSeconds(5);

    /// <summary>Asks, and yields the replies as they come; the last one is <see cref="ControlReply.Done"/>.</summary>
    /// <param name="workDirectory">That of the run.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="stop">Gives the request up: the run withdraws it where it can, and its last reply says whether it has.</param>
    /// <exception cref="KeyferryException">No run is there, it ended before it had answered, or it declined.</exception>
    public static async IAsyncEnumerable<ControlReply> AskAsync(
        string workDirectory,
        ControlRequest request,
        [EnumeratorCancellation] CancellationToken stop
    )
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await ConnectAsync(socket, workDirectory, stop);
        await using var stream = new NetworkStream(socket);
        var line = JsonSerializer.Serialize(request, ControlJson.Default.ControlRequest);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), stop);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        using var patience = new CancellationTokenSource();
        await using var leaves = stop.Register(() =>
        {
            patience.CancelAfter(LeavePatience);
            Leave(socket);
        });
        var heard = new List<string>();
        while (await ReadAsync(reader, patience.Token) is { } text)
        {
            var reply = JsonSerializer.Deserialize(text, ControlJson.Default.ControlReply) ?? throw Ended(workDirectory, heard);
            heard.AddRange(reply.Text);
            if (reply.Saw is { } saw)
            {
                var kind = reply.ExitCode == ExitCodes.OwnershipUnknown ? FailureKind.OwnershipUnknown : FailureKind.Refused;
                throw new KeyferryException(kind, saw, reply.Remedy ?? "");
            }

            yield return reply;
            if (reply.Done)
            {
                yield break;
            }
        }

        throw Ended(workDirectory, heard);
    }

    /// <summary>Whether a migration runs with the work directory.</summary>
    public static bool IsRunning(string workDirectory)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path.Combine(Path.GetFullPath(workDirectory), ControlSocket.FileName)));
            return true;
        }
        catch (Exception absent) when (absent is SocketException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Says no more, and goes on listening.</summary>
    private static void Leave(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The run has gone first; reading notices.
            return;
        }
    }

    private static async Task<string?> ReadAsync(StreamReader reader, CancellationToken stop)
    {
        try
        {
            return await reader.ReadLineAsync(stop);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static async Task ConnectAsync(Socket socket, string workDirectory, CancellationToken stop)
    {
        var path = Path.Combine(Path.GetFullPath(workDirectory), ControlSocket.FileName);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), stop);
        }
        catch (SocketException denied) when (denied.SocketErrorCode == SocketError.AccessDenied)
        {
            throw new KeyferryException(
                FailureKind.Refused,
                $"The run in {Path.GetFullPath(workDirectory)} belongs to another user.",
                "Only the user that started a run may control it.",
                denied
            );
        }
        catch (Exception absent) when (absent is SocketException or ArgumentException)
        {
            throw NoRun(workDirectory, absent);
        }
    }

    private static KeyferryException NoRun(string workDirectory, Exception? cause) =>
        new(
            FailureKind.Refused,
            $"No migration runs in {Path.GetFullPath(workDirectory)}.",
            WorkDirectory.HasState(workDirectory)
                ? "If it was killed, go on with keyferry migrate SOURCE TARGET --resume, or put back what it has changed with keyferry restore. "
                    + "Or name the work directory of the one that runs with --work-dir DIR."
                : "Start one with keyferry migrate, or name the work directory of the one that runs with --work-dir DIR.",
            cause
        );

    /// <summary>The run went away in the middle of its answer: killed, mostly, since one that ends says so.</summary>
    /// <param name="workDirectory">That of the run.</param>
    /// <param name="heard">What it had answered until then; the steps of a cutover among it.</param>
    private static KeyferryException Ended(string workDirectory, List<string> heard)
    {
        var steps = heard.FindAll(static line => line.StartsWith(CutoverRunner.StepSaid, StringComparison.Ordinal));
        var saw = $"The migration in {Path.GetFullPath(workDirectory)} went away before it had answered";
        if (steps.Count == 0)
        {
            return new(
                heard.Count == 0 ? FailureKind.Refused : FailureKind.Failed,
                $"{saw}.",
                $"Its own output says how it ended.{(heard.Count == 0 ? "" : " Nothing was switched.")}"
            );
        }

        var last = steps[^1][CutoverRunner.StepSaid.Length..];
        return steps.Contains(CutoverRunner.StepSaid + CutoverSteps.Switch)
            ? new(
                FailureKind.OwnershipUnknown,
                $"{saw}, in the step {last}: the clients may have been switched, or not.",
                "Find out where the clients write, then: keyferry resolve --switched, or keyferry resolve --not-switched; then keyferry restore lifts the fence."
            )
            : new(
                FailureKind.Failed,
                $"{saw}, in the step {last}: nothing was switched, and the clients may still be kept from writing.",
                "Lift the fence with keyferry restore, then go on with keyferry migrate SOURCE TARGET --resume."
            );
    }
}
