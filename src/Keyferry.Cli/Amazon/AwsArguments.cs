using System.CommandLine;
using Keyferry.Aws;
using Keyferry.Aws.Calls;

namespace Keyferry.Cli.Amazon;

/// <summary>How a command is told where in AWS: <c>--region</c>, <c>--endpoint-url</c>.</summary>
internal sealed class AwsArguments
{
    private readonly Option<string?> _region = new("--region")
    {
        HelpName = "REGION",
        Description = "AWS region, such as eu-north-1. Default: AWS_REGION, AWS_DEFAULT_REGION, or the profile's.",
    };

    private readonly Option<string?> _endpoint = new("--endpoint-url")
    {
        HelpName = "URL",
        Description = "Endpoint of every AWS service, in place of AWS's own. Default: AWS_ENDPOINT_URL_SERVICE, AWS_ENDPOINT_URL.",
    };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_region);
        command.Options.Add(_endpoint);
    }

    /// <summary>The way to AWS that the command line and the environment describe.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="surroundings">The environment.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="region">The region that something else names, where the command line names none.</param>
    /// <exception cref="Model.KeyferryException">Nothing names a region.</exception>
    public ValueTask<AwsSession> OpenAsync(ParseResult parsed, Surroundings surroundings, CancellationToken stop, string? region = null) =>
        OpenAsync(surroundings, parsed.GetValue(_region) ?? region, parsed.GetValue(_endpoint), stop);

    /// <summary>The same for a region that is known from elsewhere.</summary>
    public static ValueTask<AwsSession> OpenAsync(Surroundings surroundings, string? region, string? endpoint, CancellationToken stop) =>
        AwsSession.OpenAsync(
            new AwsSurroundings
            {
                Variable = name => surroundings.Variable(name) ?? surroundings.EnvFile.Get(name),
                Time = surroundings.Time,
                Http = surroundings.Http.Value,
                Region = region,
                EndpointUrl = endpoint,
                RetryPause = surroundings.AwsPatience.Poll / 25,
            },
            stop
        );
}
