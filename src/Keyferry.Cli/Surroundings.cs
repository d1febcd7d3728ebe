using Keyferry.Aws.Notifications;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Cli.Report;
using Keyferry.Migration;
using Keyferry.Observe;

namespace Keyferry.Cli;

/// <summary>What a command may touch outside itself: the two outputs, the environment, the clock, the terminal, the signals. Tests put their own in.</summary>
internal sealed record Surroundings
{
    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Notes, warnings and failures.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Reads one environment variable; <see langword="null"/> where it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The terminal behind <see cref="Out"/>, or <see langword="null"/> where output goes to a file or a pipe.</summary>
    public Terminal? Terminal { get; init; }

    /// <summary>The terminal behind <see cref="Error"/>, or <see langword="null"/>.</summary>
    public Terminal? ErrorTerminal { get; init; }

    /// <summary>Starts to listen to the signals that end a run.</summary>
    public Func<RunSignals> Signals { get; init; } = static () => RunSignals.OfThisProcess();

    /// <summary>Makes a run of options, an observer of its events, and a clock.</summary>
    public Func<MigrationOptions, IRunObserver, TimeProvider, IMigration> Migration { get; init; } =
        static (options, observer, time) => new EngineMigration(options, observer, time);

    /// <summary>Writes the report of a run into a work directory and says where it is.</summary>
    public Func<string, JsonReportFile, string> WriteReport { get; init; } = ReportFolder.Write;

    /// <summary>Compares two servers.</summary>
    public IComparison Comparison { get; init; } = new EngineComparison(TimeProvider.System);

    /// <summary>Where a person answers questions, or <see langword="null"/> where nobody can.</summary>
    public TextReader? Input { get; init; }

    /// <summary>Settings in the file <c>.env</c>, behind those of the environment.</summary>
    public EnvFile EnvFile { get; init; } = EnvFile.None;

    /// <summary>Sends requests to AWS; made when it is needed.</summary>
    public Lazy<HttpClient> Http { get; init; } = new(static () => new HttpClient { Timeout = TimeSpan.FromMinutes(1) });

    /// <summary>How long name look-up, connect and TLS handshake may take where no option says so.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How patiently AWS is waited for.</summary>
    public WaitTerms AwsPatience { get; init; } = WaitTerms.Default;

    /// <summary>Every password that this invocation has read, so that failures can be cleaned of them.</summary>
    public SecretMask Mask { get; } = new();

    /// <summary>A variable of the guides' names: from the environment, or from <c>.env</c>; <see langword="null"/> where it is not set or empty.</summary>
    public string? Guide(string name) => Variable(name) is { Length: > 0 } value ? value : EnvFile.Get(name);

    /// <summary>The real ones.</summary>
    public static Surroundings OfThisProcess() =>
        new()
        {
            Out = Console.Out,
            Error = Console.Error,
            Variable = Environment.GetEnvironmentVariable,
            Input = Console.IsInputRedirected ? null : Console.In,
            EnvFile = EnvFile.Read(".env"),
            Terminal = Terminal.Detect(Console.IsOutputRedirected, Environment.GetEnvironmentVariable),
            ErrorTerminal = Terminal.Detect(Console.IsErrorRedirected, Environment.GetEnvironmentVariable),
        };
}
