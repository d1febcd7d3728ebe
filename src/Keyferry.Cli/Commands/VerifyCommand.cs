using System.CommandLine;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Cli.Commands;

/// <summary><c>keyferry verify</c>: compares two servers in both directions.</summary>
internal static class VerifyCommand
{
    /// <summary>Creates the command.</summary>
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command(
            "verify",
            "Compares every key of SOURCE and TARGET in both directions: type, value and expiry. Reads only. What differs is looked at again before it counts."
        );
        var (source, target, how) = (EndpointArguments.Source(), EndpointArguments.Target(), new OutputOptions());
        var tolerance = TypedOption.Duration(
            "--expiry-tolerance",
            "How far expiries may be apart, beyond the uncertainty of the measured clocks. Default: 100ms.",
            TimeSpan.Zero,
            TimeSpan.FromHours(1)
        );
        var database = DatabaseOption();
        var targetKeys = TypedOption.Choice(
            "--target-keys",
            "merge: keys that only the target has are counted, and are no difference. Default: they are.",
            ("merge", TargetKeys.Merge)
        );
        source.AddTo(command);
        target.AddTo(command);
        var selection = new SelectionOptions();
        selection.AddTo(command);
        foreach (var option in (Option[])[tolerance, database, targetKeys])
        {
            command.Options.Add(option);
        }

        how.AddTo(command);
        command.SetAction(
            (parsed, _) =>
                how.TellFailuresAsync(
                    parsed,
                    surroundings,
                    () =>
                    {
                        var (from, to) = (source.Read(parsed, surroundings), target.Read(parsed, surroundings));
                        var options = OptionsOf(parsed.GetValue(tolerance)) with
                        {
                            Databases = PairsOf(from, to, parsed.GetValue(database), selection.Databases(parsed), selection.Names(parsed)),
                            Names = selection.Names(parsed),
                            Kinds = selection.Kinds(parsed),
                            Expiry = selection.Expiry(parsed),
                            TargetKeysOwned = parsed.GetValue(targetKeys) is null,
                        };
                        var request = new ComparisonRequest
                        {
                            Source = from,
                            Target = to,
                            Options = options,
                        };
                        return RunAsync(request, how.VerifyViewOf(parsed, surroundings), surroundings);
                    }
                )
        );
        return command;
    }

    private static Option<int?> DatabaseOption() =>
        TypedOption.Whole("--database", "N", "Compare this database only. Default: the one that the URIs name, or all.", 0, 1_000_000);

    private static VerifyOptions OptionsOf(TimeSpan? tolerance) =>
        tolerance is { } given ? new VerifyOptions { ExpiryTolerance = given } : new VerifyOptions();

    private static IReadOnlyList<DatabasePair>? PairsOf(
        Endpoint from,
        Endpoint to,
        int? only,
        (IReadOnlyDictionary<int, int>? Map, IReadOnlyDictionary<int, string> Prefixes) databases,
        KeyNames names
    )
    {
        var (map, prefixes) = databases;
        if (map is not null && (only ?? from.Database ?? to.Database) is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "The databases are named twice: by --databases, and by --database or in a URI.",
                "Name them in one of the ways."
            );
        }

        if (map is not null)
        {
            return DatabasePair.Of(new DatabaseScope(map, names, prefixes));
        }

        if (only is not null && (from.Database ?? to.Database) is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "The database is named twice: by --database and in a URI.",
                "Name it in one of the two ways; only the URIs can name different ones for the two sides."
            );
        }

        if (from.Database is null && to.Database is not null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "The target URI names a database, but the source URI names none, which means all of them.",
                "Name the database in both URIs, or in neither."
            );
        }

        return (only ?? from.Database) is { } database ? [new DatabasePair(database, to.Database ?? database)] : null;
    }

    private static async Task<int> RunAsync(ComparisonRequest request, VerifyView view, Surroundings surroundings)
    {
        using var signals = surroundings.Signals();
        var time = surroundings.Time;
        var (began, latest) = (time.GetTimestamp(), new Latest());
        var options = request.Options with { Progress = latest.Set };
        var run = surroundings.Comparison.RunAsync(request with { Options = options }, signals.Finish);
        using var ended = new CancellationTokenSource();
        while (await Task.WhenAny(run, Task.Delay(view.Interval, time, ended.Token)) != run)
        {
            view.Progress(latest.Get(), time.GetElapsedTime(began));
        }

        await ended.CancelAsync();
        view.EndProgress();
        var outcome = await run;
        view.Report(outcome);
        return ExitCodes.Of(outcome.Verdict);
    }

    /// <summary>Hands the progress from the comparison's task to the one that shows it.</summary>
    private sealed class Latest
    {
        private readonly Lock _lock = new();
        private VerifyProgress _value;

        public void Set(VerifyProgress value)
        {
            lock (_lock)
            {
                _value = value;
            }
        }

        public VerifyProgress Get()
        {
            lock (_lock)
            {
                return _value;
            }
        }
    }
}
