using System.CommandLine;
using Keyferry.Aws.Doctor;
using Keyferry.Cli.Amazon;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Doctor;
using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry doctor</c>: what stands in the way of a migration, before it begins.</summary>
internal static class DoctorCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "doctor",
            "Examines SOURCE, or SOURCE and TARGET: the way there, rights, notifications, versions, memory, clocks, clients. Says GO, GO WITH WARNINGS or "
                + "NO-GO, and what to do about each finding. Changes nothing. Exit code 0, or 4 for NO-GO (3 where a server cannot be reached)."
        );
        var (source, target) = (EndpointArguments.Source(), EndpointArguments.Target());
        var json = new Option<bool>("--json") { Description = "Write one JSON object to standard output." };
        source.AddTo(command);
        target.AddTo(command);
        command.Options.Add(json);
        command.SetAction(
            async (parsed, _) =>
            {
                using var signals = surroundings.Signals();
                var from = await SideOf(source, FindingSide.Source, parsed, surroundings, signals.Finish);
                var to = target.IsGiven(parsed, surroundings)
                    ? await SideOf(target, FindingSide.Target, parsed, surroundings, signals.Finish)
                    : null;
                var diagnosis = await ExaminationOf(from, to?.Endpoint, surroundings).RunAsync(signals.Finish);
                diagnosis = await CompleteAsync(diagnosis, [from, .. to is null ? Array.Empty<Side>() : [to]], signals.Finish);
                if (parsed.GetValue(json))
                {
                    DoctorJson.Write(surroundings.Out, diagnosis);
                }
                else
                {
                    surroundings.Out.Write(DoctorText.Of(diagnosis));
                }

                return ExitCodeOf(diagnosis);
            }
        );
        return command;
    }

    /// <summary>One of the servers.</summary>
    /// <param name="Which">Source or target.</param>
    /// <param name="Endpoint">Where it is, where that is known.</param>
    /// <param name="Trouble">Why there is no getting in as it was named.</param>
    /// <param name="Cache">What AWS tells of it, where it is a cache.</param>
    /// <param name="Untold">Why AWS tells nothing of the cache that it is.</param>
    private sealed record Side(
        FindingSide Which,
        Endpoint? Endpoint,
        KeyferryException? Trouble,
        CacheDoctor? Cache,
        KeyferryException? Untold
    );

    private static async Task<Side> SideOf(
        EndpointArguments arguments,
        FindingSide which,
        ParseResult parsed,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        var named = arguments.CacheOf(parsed, surroundings);
        CacheDoctor? cache = null;
        KeyferryException? untold = null;
        try
        {
            cache = named is null ? null : await CacheDoctor.AskAsync(named, which, surroundings, stop);
        }
        catch (KeyferryException refused) when (arguments.HasGuidesHost(parsed, surroundings))
        {
            // The address is known without AWS: what it would tell is missing, and the rest can be examined.
            untold = refused;
        }

        try
        {
            return new Side(which, arguments.Read(parsed, surroundings), null, cache, untold);
        }
        catch (KeyferryException trouble) when (cache is not null)
        {
            // A cache that is not ready, or a login that is missing: what AWS tells of it, and how far the way there goes, is worth more than giving up.
            var bare = cache.Bare is { } address ? arguments.WithTls(parsed, surroundings, address) : null;
            return new Side(which, bare, trouble, cache, null);
        }
    }

    private static Examination ExaminationOf(Side source, Endpoint? to, Surroundings surroundings) =>
        new(
            source.Endpoint is { } from ? ServerArguments.Connect(from, surroundings, "source") : null,
            to is null ? null : ServerArguments.Connect(to, surroundings, "target"),
            source.Endpoint is null || source.Trouble is not null || to is null
                ? null
                : stop => PlanAsync(source.Endpoint, to, surroundings, stop),
            source.Cache?.Limits,
            surroundings.Time
        );

    private static async Task<Diagnosis> CompleteAsync(Diagnosis diagnosis, IReadOnlyList<Side> sides, CancellationToken stop)
    {
        var findings = diagnosis.Findings.ToList();
        foreach (var side in sides)
        {
            if (side.Trouble is { } trouble)
            {
                NoteTrouble(findings, trouble, side);
            }

            if (side.Untold is { } untold)
            {
                findings.Add(
                    new Finding("cache-permissions", FindingLevel.Warning, side.Which, $"AWS tells nothing of the cache: {untold.Saw}")
                    {
                        Means = "Its state, its maintenance, its parameter group, and what on the way there is closed could not be judged.",
                        Remedy = untold.Remedy,
                    }
                );
            }

            if (side.Cache is { } cache)
            {
                // AWS says what the server cannot be asked for.
                findings.RemoveAll(finding =>
                    finding is { Code: "notifications", Level: FindingLevel.Warning } && finding.Side == side.Which
                );
                var reach = findings.Find(finding => finding.Code == "reach" && finding.Side == side.Which);
                findings.AddRange(await cache.FindingsAsync(reach, stop));
            }
            else if (side.Endpoint is { } endpoint && CacheName.Hint(endpoint.Host, side.Which) is { } hint)
            {
                findings.Add(hint);
            }
        }

        return Diagnosis.Of(findings);
    }

    /// <summary>Why there is no getting in stands in the place of what the server says to somebody without a login; what is found before the login stays.</summary>
    private static void NoteTrouble(List<Finding> findings, KeyferryException trouble, Side side)
    {
        var at = findings.FindIndex(finding => finding.Code == "reach" && finding.Side == side.Which);
        if (at < 0)
        {
            findings.Add(Reach.NotTried(trouble, side.Which));
        }
        else if (findings[at] is { Step: "login" } login)
        {
            findings[at] = login with { Saw = trouble.Saw, Remedy = trouble.Remedy };
        }
        else
        {
            findings.Add(
                new Finding("login", FindingLevel.Blocker, side.Which, trouble.Saw)
                {
                    Means = "A run would not get in.",
                    Remedy = trouble.Remedy,
                }
            );
        }
    }

    /// <summary>What a run of these two would say before it starts.</summary>
    private static async Task<IReadOnlyList<Finding>> PlanAsync(
        Endpoint from,
        Endpoint to,
        Surroundings surroundings,
        CancellationToken stop
    )
    {
        try
        {
            var options = new MigrationOptions { Source = from, Target = to };
            var plan = await surroundings.Migration(options, new SilentObserver(), surroundings.Time).PlanAsync(stop);
            var moved =
                $"{Quantity.Of(plan.Keys, "key")} in {Quantity.Of(plan.Databases.Count, "database")} would be moved; {plan.Clocks}.";
            return
            [
                new("plan", FindingLevel.Good, FindingSide.Both, moved),
                .. plan.Refusals.Select(Refused),
                .. plan.Warnings.Select(static warning => new Finding("start-warning", FindingLevel.Warning, FindingSide.Both, warning)),
            ];
        }
        catch (KeyferryException failure)
        {
            return [Refused(failure)];
        }
    }

    private static Finding Refused(KeyferryException refusal) =>
        new("start-refused", FindingLevel.Blocker, FindingSide.Both, refusal.Saw)
        {
            Means = "keyferry migrate would not start.",
            Remedy = refusal.Remedy,
        };

    private static int ExitCodeOf(Diagnosis diagnosis) =>
        diagnosis.Worst < FindingLevel.Blocker ? ExitCodes.Ok
        : diagnosis.Findings.Any(static finding => finding is { Code: "reach", Level: FindingLevel.Blocker }) ? ExitCodes.Unreachable
        : ExitCodes.Refused;

    private sealed class SilentObserver : Observe.IRunObserver
    {
        public void On(Observe.RunEvent happened)
        {
            // A plan raises no events.
        }
    }
}
