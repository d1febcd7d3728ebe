using System.CommandLine;
using Keyferry.Cli.Input;
using Keyferry.Cli.Output;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary>The options that decide how a command that takes long shows itself.</summary>
internal sealed class OutputOptions
{
    private static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(5);

    private readonly Option<bool> _json = new("--json")
    {
        Description = "Write JSON objects to standard output, one a line, and nothing else.",
    };

    private readonly Option<bool> _plain = new("--plain")
    {
        Description = "Write lines instead of a display that is redrawn, on a terminal, too.",
    };

    private readonly Option<TimeSpan?> _interval = TypedOption.Duration(
        "--interval",
        "How often a line, or a JSON object, tells the progress. Default: 5s.",
        TimeSpan.FromSeconds(1),
        TimeSpan.FromHours(1)
    );

    private readonly Option<bool> _showKeys = new("--show-keys")
    {
        Description = "Name the first keys of each kind of difference in the report. Without it no key is ever printed.",
    };

    /// <summary>Adds all of them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_json, _plain, _interval, _showKeys])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether standard output is for programs.</summary>
    public bool Json(ParseResult parsed) => parsed.GetValue(_json);

    /// <summary>Whether keys may be named in the report.</summary>
    public bool ShowKeys(ParseResult parsed) => parsed.GetValue(_showKeys);

    /// <summary>Whether lines are wanted even on a terminal.</summary>
    public bool Plain(ParseResult parsed) => parsed.GetValue(_plain);

    /// <summary>How often progress is told where it is not redrawn.</summary>
    public TimeSpan Interval(ParseResult parsed) => parsed.GetValue(_interval) ?? DefaultInterval;

    /// <summary>The view that these options and the terminal ask for.</summary>
    public IRunView ViewOf(ParseResult parsed, Surroundings surroundings)
    {
        var (output, time, showKeys) = (surroundings.Out, surroundings.Time, ShowKeys(parsed));
        if (Json(parsed))
        {
            return new JsonView(new JsonLines(output, time), Interval(parsed), showKeys);
        }

        return surroundings.Terminal is { } terminal && !Plain(parsed)
            ? new LiveView(output, terminal, time, showKeys)
            : new LineView(output, Interval(parsed), time, showKeys);
    }

    /// <summary>The view of a comparison that these options and the terminal ask for.</summary>
    public VerifyView VerifyViewOf(ParseResult parsed, Surroundings surroundings)
    {
        var (output, time, showKeys) = (surroundings.Out, surroundings.Time, ShowKeys(parsed));
        if (Json(parsed))
        {
            return VerifyView.Json(new JsonLines(output, time), Interval(parsed), showKeys);
        }

        return surroundings.ErrorTerminal is { } terminal && !Plain(parsed)
            ? VerifyView.Live(surroundings, terminal, showKeys)
            : VerifyView.Lines(output, surroundings.Error, Interval(parsed), time, showKeys);
    }

    /// <summary>Does <paramref name="work"/>; with <c>--json</c> a failure is an object, too, before it ends the command as every failure does.</summary>
    public async Task<int> TellFailuresAsync(ParseResult parsed, Surroundings surroundings, Func<Task<int>> work)
    {
        try
        {
            return await work();
        }
        catch (KeyferryException failure) when (Json(parsed))
        {
            var lines = new JsonLines(surroundings.Out, surroundings.Time);
            lines.Write(
                new JsonFailure(
                    lines.Now,
                    JsonMapping.Word(failure.Kind),
                    surroundings.Mask.Clean(failure.Saw),
                    surroundings.Mask.Clean(failure.Remedy),
                    ExitCodes.Of(failure.Kind)
                )
            );
            throw;
        }
    }
}
