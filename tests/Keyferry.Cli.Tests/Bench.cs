using System.CommandLine;
using System.Text;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Cli.Report;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Cli.Tests;

/// <summary>Surroundings whose outputs, variables, clock and signals a test holds in its hands.</summary>
internal sealed class Bench
{
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    public Dictionary<string, string> Variables { get; } = new(StringComparer.Ordinal);

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2030, 5, 17, 14, 2, 11, TimeSpan.Zero));

    /// <summary>The signals of the latest command.</summary>
    public RunSignals Signals { get; private set; } = new();

    public FakeMigration Migration { get; } = new();

    public FakeComparison Comparison { get; } = new();

    public Terminal? Terminal { get; init; }

    /// <summary>The reports that were written: the folder, and what was in it.</summary>
    public List<(string WorkDirectory, JsonReportFile File)> Reports { get; } = [];

    /// <summary>Why reports cannot be written.</summary>
    public Exception? NoReports { get; set; }

    public string Out => _out.ToString();

    public string Error => _error.ToString();

    /// <summary>Everything that was printed, wherever.</summary>
    public string Everything => Out + Error;

    public Surroundings Surroundings =>
        new()
        {
            Out = TextWriter.Synchronized(new StringWriter(_out)),
            Error = TextWriter.Synchronized(new StringWriter(_error)),
            Variable = Variables.GetValueOrDefault,
            Time = Time,
            Terminal = Terminal,
            ErrorTerminal = Terminal,
            Signals = () => Signals = new RunSignals(),
            Migration = Migration.Create,
            Comparison = Comparison,
            WriteReport = (folder, file) =>
            {
                Reports.Add((folder, file));
                return NoReports is null ? $"{folder}/reports/{file.Report.Run}/report.html" : throw NoReports;
            },
        };

    public Task<int> RunAsync(params string[] args) => App.RunAsync(args, Surroundings);

    /// <summary>A path of this repository.</summary>
    public static string PathOf(string relative)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Keyferry.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests must run inside the repository.");
        }

        return Path.Combine(folder.FullName, relative);
    }

    /// <summary>Parses with options of a command that is made for the test.</summary>
    public static ParseResult Parse(Command command, params string[] args) => new RootCommand { command }.Parse([command.Name, .. args]);
}
