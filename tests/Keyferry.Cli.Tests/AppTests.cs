using Keyferry.Cli.Output;

namespace Keyferry.Cli.Tests;

public sealed class AppTests
{
    private readonly Bench _bench = new();

    [Fact]
    public async Task Without_a_command_it_says_so_and_points_to_help()
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync());
        Assert.Equal(
            "keyferry: no command was given after keyferry\nwhat to do: keyferry --help lists what it takes\n",
            _bench.Error.ReplaceLineEndings("\n")
        );
        Assert.Empty(_bench.Out);
    }

    [Fact]
    public async Task Help_goes_to_standard_output_and_is_no_failure()
    {
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync("--help"));
        Assert.Contains("Usage:", _bench.Out, StringComparison.Ordinal);
        Assert.Empty(_bench.Error);
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        Assert.Equal(ExitCodes.Ok, await _bench.RunAsync("--version"));
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\s*$", _bench.Out);
    }

    [Fact]
    public async Task A_word_in_the_wrong_place_is_not_repeated_when_it_may_hold_a_password()
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("redis://me:hunter2@somewhere:6379"));
        Assert.DoesNotContain("hunter2", _bench.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_option_is_named_without_its_value()
    {
        Assert.Equal(ExitCodes.Usage, await _bench.RunAsync("--verbos=hunter2"));
        Assert.Contains("--verbos is not an option of keyferry; did you mean --verbose?", _bench.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _bench.Everything, StringComparison.Ordinal);
    }
}
