using Keyferry.Aws.Calls;
using Keyferry.Aws.Identity;
using Keyferry.Model;

namespace Keyferry.Aws;

/// <summary>One invocation's way to AWS: the region, the credentials, and what signs and sends.</summary>
internal sealed class AwsSession : IDisposable
{
    private readonly CredentialSource _credentials;

    private AwsSession(AwsSurroundings surroundings, string region)
    {
        Surroundings = surroundings;
        _credentials = new CredentialSource(surroundings, region);
        Caller = new AwsCaller(surroundings, _credentials.GetAsync, region);
    }

    /// <summary>What AWS's endpoints are asked with, beside the services.</summary>
    public AwsSurroundings Surroundings { get; }

    /// <summary>Signs and sends.</summary>
    public AwsCaller Caller { get; }

    /// <summary>Where.</summary>
    public string Region => Caller.Region;

    /// <summary>Finds the region; credentials are looked for when they are needed.</summary>
    /// <exception cref="KeyferryException">Nothing names a region.</exception>
    public static async ValueTask<AwsSession> OpenAsync(AwsSurroundings surroundings, CancellationToken stop) =>
        new(surroundings, await RegionSource.FindAsync(surroundings, stop));

    /// <inheritdoc/>
    public void Dispose() => _credentials.Dispose();
}
