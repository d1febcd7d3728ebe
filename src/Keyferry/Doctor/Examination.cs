using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Doctor;

/// <summary>Examines one or both servers of a migration that is yet to come: asks everything, then judges. Changes nothing on either.</summary>
/// <param name="source">Connections to the source, or <see langword="null"/>.</param>
/// <param name="target">Connections to the target, or <see langword="null"/>.</param>
/// <param name="plan">Examines both as a run would, and says what it would refuse and warn of; <see langword="null"/> where one of them is not named.</param>
/// <param name="limits">The source's buffer limits as somebody else tells them, where it does not itself; else <see langword="null"/>.</param>
/// <param name="time">The clock.</param>
internal sealed class Examination(
    ServerConnector? source,
    ServerConnector? target,
    Func<CancellationToken, Task<IReadOnlyList<Finding>>>? plan,
    BufferLimits? limits,
    TimeProvider time
)
{
    /// <summary>Runs it.</summary>
    public async ValueTask<Diagnosis> RunAsync(CancellationToken stop)
    {
        var findings = new List<Finding>();
        if (source is not null)
        {
            findings.AddRange(await ExamineAsync(source, FindingSide.Source, stop));
        }

        if (target is not null)
        {
            findings.AddRange(await ExamineAsync(target, FindingSide.Target, stop));
        }

        if (plan is not null && !findings.Exists(static finding => finding is { Code: "reach", Level: FindingLevel.Blocker }))
        {
            // What was said of each server is not said again of both.
            var denied = findings.Exists(static finding => finding is { Code: "rights", Level: FindingLevel.Blocker });
            findings.AddRange(
                (await plan(stop)).Where(finding =>
                    !(denied && finding.Saw.Contains(" let this user run ", StringComparison.Ordinal))
                    && !finding.Saw.Contains("notification flags cannot be read", StringComparison.Ordinal)
                    && !finding.Saw.Contains("replica without a connection", StringComparison.Ordinal)
                )
            );
        }

        return Diagnosis.Of(findings);
    }

    private async ValueTask<IReadOnlyList<Finding>> ExamineAsync(ServerConnector connector, FindingSide side, CancellationToken stop)
    {
        try
        {
            await using var connection = await connector.ConnectAsync("doctor", stop);
            var questions = new Questions(connection, time);
            if (side == FindingSide.Target)
            {
                var told = RequireServer(await questions.AskTargetAsync(stop), connector);
                return [.. Judgement.Of(told, connector.Endpoint, side), .. TargetJudgement.Of(told)];
            }

            var answers = RequireServer(await questions.AskSourceAsync(stop), connector);
            if (answers.BufferLimits is null && limits is not null)
            {
                answers = answers with { BufferLimits = limits.Line, BufferRemedy = limits.Remedy };
            }

            var tracks = await TrackingAsync(connector, stop);
            return [.. Judgement.Of(answers, connector.Endpoint, side), .. SourceJudgement.Of(answers, tracks)];
        }
        catch (KeyferryException unreachable)
        {
            return [Reach.Failed(unreachable, connector.Endpoint, side)];
        }
        catch (ServerErrorException refused)
        {
            return [Reach.Failed(ConnectionTrouble.Login(refused, connector.Endpoint, connector.Role), connector.Endpoint, side)];
        }
        catch (IOException lost)
        {
            return [Reach.Failed(ConnectionTrouble.Greeting(lost, connector.Endpoint, connector.Role), connector.Endpoint, side)];
        }
    }

    private static ServerAnswers RequireServer(ServerAnswers answers, ServerConnector connector) =>
        answers.Identity.IsSentinel ? throw ConnectionTrouble.Sentinel(connector.Endpoint, connector.Role) : answers;

    /// <summary>Tries client tracking on a connection that is closed again.</summary>
    /// <returns>Why it is refused, or <see langword="null"/>.</returns>
    private static async ValueTask<string?> TrackingAsync(ServerConnector connector, CancellationToken stop)
    {
        await using var connection = await connector.ConnectAsync("doctor", stop);
        var hello = await connection.TryCallAsync(stop, "HELLO", 3);
        var reply = hello.IsError ? hello : await connection.TryCallAsync(stop, "CLIENT", "TRACKING", "ON", "BCAST");
        return reply.IsError ? reply.Text.TrimEnd('.') : null;
    }
}
