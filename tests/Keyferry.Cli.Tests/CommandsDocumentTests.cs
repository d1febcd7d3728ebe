using System.CommandLine;
using System.Text;

namespace Keyferry.Cli.Tests;

/// <summary>Holds docs/reference/commands.md to what the program says of itself. With KEYFERRY_WRITE_DOCS=1 it writes the page instead.</summary>
public sealed class CommandsDocumentTests
{
    private const string Head = """
        # Commands

        What `keyferry --help` says, command by command. This page is written by a test
        (`KEYFERRY_WRITE_DOCS=1 dotnet test --project tests/Keyferry.Cli.Tests`), so it cannot differ from the program.

        """;

    [Fact]
    public async Task The_page_says_what_help_says()
    {
        var page = new StringBuilder(Head.ReplaceLineEndings("\n"));
        await AppendAsync(page, App.Root(new Bench().Surroundings), []);
        var path = Bench.PathOf("docs/reference/commands.md");
        if (Environment.GetEnvironmentVariable("KEYFERRY_WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, page.ToString(), TestContext.Current.CancellationToken);
        }

        Assert.True(
            page.ToString() == await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken),
            "docs/reference/commands.md differs from --help; run the tests once with KEYFERRY_WRITE_DOCS=1"
        );
    }

    private static async Task AppendAsync(StringBuilder page, Command command, string[] path)
    {
        var bench = new Bench();
        Assert.Equal(0, await bench.RunAsync([.. path, "--help"]));
        var lines = bench.Out.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n').Select(line => line.TrimEnd());
        page.Append($"\n## keyferry {string.Join(' ', path)}".TrimEnd()).Append("\n\n```text\n").AppendJoin('\n', lines).Append("\n```\n");
        foreach (var inner in command.Subcommands.Where(inner => !inner.Hidden))
        {
            await AppendAsync(page, inner, [.. path, inner.Name]);
        }
    }
}
