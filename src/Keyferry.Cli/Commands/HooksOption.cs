using System.CommandLine;
using Keyferry.Model;

namespace Keyferry.Cli.Commands;

/// <summary><c>--hooks DIR</c>: programs that are told of every phase and every gap.</summary>
internal sealed class HooksOption
{
    private readonly Option<string?> _folder = new("--hooks")
    {
        HelpName = "DIR",
        Description =
            "Run every executable of this folder at each phase and each gap; what happened is in its environment (KEYFERRY_EVENT, ...).",
    };

    /// <summary>Adds it to a command.</summary>
    public void AddTo(Command command) => command.Options.Add(_folder);

    /// <summary>The folder, or <see langword="null"/> where there are no hooks.</summary>
    /// <exception cref="KeyferryException">There is no such folder.</exception>
    public string? Read(ParseResult parsed) =>
        parsed.GetValue(_folder) is not { } folder ? null
        : Directory.Exists(folder) ? Path.GetFullPath(folder)
        : throw new KeyferryException(
            FailureKind.Usage,
            $"The folder of hooks {folder} {(File.Exists(folder) ? "is a file" : "does not exist")}.",
            "Name a folder that holds programs, or leave --hooks out."
        );
}
