using System.CommandLine;
using Keyferry.Cli.Input;
using Keyferry.Model;

namespace Keyferry.Cli.Tests.Input;

public sealed class EndpointArgumentsTests : IDisposable
{
    private readonly Bench _bench = new();
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void An_option_wins_over_the_uri_and_the_uri_over_the_environment()
    {
        File.WriteAllText(_file, "from-file\nsecond line\n");
        _bench.Variables["KEYFERRY_SOURCE_USER"] = "env-user";
        _bench.Variables["KEYFERRY_SOURCE_PASSWORD"] = "env-password";

        var options = Read(EndpointArguments.Source(), "redis://u:p@h", "--source-user", "o", "--source-password-file", _file);
        Assert.Equal(("o", "from-file"), (options.User, options.Password!.Reveal()));

        var uri = Read(EndpointArguments.Source(), "redis://u:p@h");
        Assert.Equal(("u", "p"), (uri.User, uri.Password!.Reveal()));

        var environment = Read(EndpointArguments.Source(), "h:7000");
        Assert.Equal(("env-user", "env-password"), (environment.User, environment.Password!.Reveal()));

        // Each part by itself: the user of the URI goes with the password of the environment.
        var mixed = Read(EndpointArguments.Source(), "redis://u@h");
        Assert.Equal(("u", "env-password"), (mixed.User, mixed.Password!.Reveal()));
    }

    [Fact]
    public void The_environment_may_name_the_server()
    {
        _bench.Variables["KEYFERRY_TARGET"] = "rediss://:secret@[::1]:7001/3";
        var endpoint = Read(EndpointArguments.Target());
        Assert.Equal(("::1", 7001, true, 3), (endpoint.Host, endpoint.Port, endpoint.Tls, endpoint.Database));
        Assert.Empty(_bench.Error);
    }

    [Fact]
    public void Commands_of_one_server_have_plain_names()
    {
        _bench.Variables["KEYFERRY_URI"] = "h";
        _bench.Variables["KEYFERRY_USER"] = "u";
        _bench.Variables["KEYFERRY_PASSWORD"] = "p";
        var endpoint = Read(EndpointArguments.Server());
        Assert.Equal(("h", "u", "p"), (endpoint.Host, endpoint.User, endpoint.Password!.Reveal()));
        File.WriteAllText(_file, "q");
        Assert.Equal("q", Read(EndpointArguments.Server(), "--password-file", _file).Password!.Reveal());
    }

    [Fact]
    public void A_password_on_the_command_line_is_used_and_a_note_recommends_the_other_ways()
    {
        Assert.Equal("hunter2", Read(EndpointArguments.Source(), "redis://:hunter2@h").Password!.Reveal());
        Assert.Contains("--source-password-file and KEYFERRY_SOURCE_PASSWORD", _bench.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", _bench.Everything, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_that_names_the_server_is_a_usage_failure()
    {
        var failure = Assert.Throws<KeyferryException>(() => Read(EndpointArguments.Source()));
        Assert.Equal(FailureKind.Usage, failure.Kind);
        Assert.Contains("KEYFERRY_SOURCE", failure.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_without_a_password_would_be_ignored_and_is_refused()
    {
        Assert.Equal(FailureKind.Usage, Assert.Throws<KeyferryException>(() => Read(EndpointArguments.Source(), "redis://u@h")).Kind);
        Assert.Equal("", Read(EndpointArguments.Source(), "redis://u:@h").Password!.Reveal());
        Assert.Empty(_bench.Error);
    }

    [Fact]
    public void A_password_file_that_is_not_there_is_a_usage_failure_that_names_the_option()
    {
        var failure = Assert.Throws<KeyferryException>(() =>
            Read(EndpointArguments.Source(), "h", "--source-password-file", "/nowhere/at/all")
        );
        Assert.Equal(FailureKind.Usage, failure.Kind);
        Assert.Contains("--source-password-file", failure.Saw, StringComparison.Ordinal);
    }

    private Endpoint Read(EndpointArguments arguments, params string[] args)
    {
        var command = new Command("test");
        arguments.AddTo(command);
        var parsed = Bench.Parse(command, args);
        Assert.Empty(parsed.Errors);
        return arguments.Read(parsed, _bench.Surroundings);
    }
}
