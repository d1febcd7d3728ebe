// Moves one server to another from a program: tells what happens as it happens, ends by itself once nobody writes any more,
// and ends with 0 only if both sides were compared and are equal.
//
//   dotnet run --project samples/Keyferry.Sample -- redis://old:6379 redis://new:6379 .keyferry
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;

if (args.Length != 3)
{
    Console.Error.WriteLine("usage: Keyferry.Sample SOURCE TARGET WORKDIR");
    return 2;
}

// The first Ctrl-C ends the run in order: it compares, and puts back what it has changed on the source.
using var finish = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    finish.Cancel();
};

try
{
    var migration = new LiveMigration(
        new MigrationOptions
        {
            Source = EndpointUri.Parse(args[0], "source"),
            Target = EndpointUri.Parse(args[1], "target"),
            WorkDirectory = args[2],
            UntilIdle = TimeSpan.FromSeconds(1),
        }
    );
    var run = migration.RunAsync(finish.Token);
    await foreach (var happened in migration.EventsAsync())
    {
        Console.WriteLine(
            happened switch
            {
                RunEvent.PhaseEntered phase => $"{phase.Phase}: {phase.Why}",
                RunEvent.GapOpened gap => $"changes may have been missed ({gap.Reason}); looking again",
                RunEvent.GapClosed gap => $"looked again after {gap.Open.TotalSeconds:0.0} s",
                RunEvent.Note note => note.Text,
                _ => "",
            }
        );
    }

    var report = await run;
    Console.WriteLine($"{report.Verdict}: {report.Progress.Written} keys written, {report.Verify?.Compared ?? 0} compared");
    return report.Verdict == Verdict.Equal ? 0 : 1;
}
catch (KeyferryException failure)
{
    Console.Error.WriteLine($"{failure.Saw} {failure.Remedy}");
    return 1;
}
