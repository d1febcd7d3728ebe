using System.Text;
using Keyferry.Aws.Notifications;
using Keyferry.Cli;
using Keyferry.Cli.Input;

namespace Keyferry.Aws.Tests;

/// <summary>The program, run in this process against the double, with a work directory of its own.</summary>
/// <param name="lag">How long a change takes on the double; its own measure where nothing is said.</param>
internal sealed class CliBench(TimeSpan? lag = null) : IAsyncDisposable
{
    /// <summary>For tests that run many commands and look at no state that passes.</summary>
    public static readonly TimeSpan Brief = TimeSpan.FromMilliseconds(5);

    private readonly Lazy<HttpClient> _http = new(static () => new HttpClient { Timeout = TimeSpan.FromSeconds(20) });
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-cli-").FullName;

    public AwsBench Bench { get; } = new(lag);

    public Dictionary<string, string> Variables => Bench.Variables;

    public EnvFile EnvFile { get; set; } = EnvFile.None;

    /// <summary>Answers to questions.</summary>
    public TextReader? Input { get; set; }

    /// <summary>How long the program waits for AWS.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(20);

    public string WorkDirectory => Path.Combine(_folder, "work");

    /// <summary>A file beside the work directory.</summary>
    public string FileOf(string name) => Path.Combine(_folder, name);

    /// <summary>Runs one command.</summary>
    public async Task<(int Code, string Out, string Error)> RunAsync(params string[] args)
    {
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var surroundings = new Surroundings
        {
            Out = TextWriter.Synchronized(new StringWriter(output)),
            Error = TextWriter.Synchronized(new StringWriter(error)),
            Variable = Variables.GetValueOrDefault,
            EnvFile = EnvFile,
            Input = Input,
            Http = _http,
            ConnectTimeout = TimeSpan.FromMilliseconds(400),
            AwsPatience = new WaitTerms(lag ?? TimeSpan.FromMilliseconds(20), Patience),
            Signals = static () => new RunSignals(),
        };
        var code = await App.RunAsync(args, surroundings);
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs one command that must succeed; its output.</summary>
    public async Task<string> SucceedAsync(params string[] args)
    {
        var (code, output, error) = await RunAsync(args);
        Assert.True(code == 0, $"keyferry {string.Join(' ', args)} ended with {code}\n{output}\n{error}");
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        if (_http.IsValueCreated)
        {
            _http.Value.Dispose();
        }

        await Bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
