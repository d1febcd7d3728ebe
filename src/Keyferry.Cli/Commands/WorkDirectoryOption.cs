using System.CommandLine;
using Keyferry.State;

namespace Keyferry.Cli.Commands;

/// <summary><c>--work-dir</c>: where leases and runs are recorded.</summary>
internal sealed class WorkDirectoryOption
{
    private readonly Option<string?> _option = new("--work-dir")
    {
        HelpName = "DIR",
        Description = $"Folder in which is recorded what was changed on servers. Default: {WorkDirectory.DefaultPath}.",
    };

    /// <summary>Adds it to <paramref name="command"/>.</summary>
    public void AddTo(Command command) => command.Options.Add(_option);

    /// <summary>The folder.</summary>
    public string Read(ParseResult parsed) => parsed.GetValue(_option) ?? WorkDirectory.DefaultPath;
}
