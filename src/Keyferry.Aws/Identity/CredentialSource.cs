using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Finds credentials where AWS's own tools find them, and finds them anew before they expire.</summary>
/// <remarks>
/// In this order: the environment, a web identity's token file, the profile, the container's endpoint, the instance's metadata. A profile that is named but missing is a
/// failure, not a reason to go on looking: another account's key would answer.
/// </remarks>
/// <param name="surroundings">Variables, files, time, the network.</param>
/// <param name="region">Where roles are assumed.</param>
internal sealed class CredentialSource(AwsSurroundings surroundings, string region) : IDisposable
{
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(5);
    private readonly SemaphoreSlim _one = new(1, 1);
    private AwsCredentials? _found;

    /// <summary>Credentials that are good for at least five minutes more, where the source gives such.</summary>
    /// <exception cref="KeyferryException">There are none: says where was looked.</exception>
    public async ValueTask<AwsCredentials> GetAsync(CancellationToken stop)
    {
        await _one.WaitAsync(stop);
        try
        {
            if (_found is null || _found.Expires - Margin <= surroundings.Time.GetUtcNow())
            {
                _found = await FindAsync(stop);
            }

            return _found;
        }
        finally
        {
            _ = _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private async ValueTask<AwsCredentials> FindAsync(CancellationToken stop)
    {
        var profiles = ProfileFile.Read(surroundings);
        var named = surroundings.Set("AWS_PROFILE");
        if (named is null && FromEnvironment() is { } direct)
        {
            return direct;
        }

        var profile = new ProfileCredentials(surroundings, profiles, region);
        if (named is null && await new RoleCredentials(surroundings, region).FromWebIdentityAsync(stop) is { } web)
        {
            return web;
        }

        if (named is not null && !profiles.Has(named))
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"AWS_PROFILE names the profile {named}, which neither the credentials nor the config file of AWS has.",
                "Check its spelling (aws configure list-profiles), or unset AWS_PROFILE."
            );
        }

        return await profile.ReadAsync(named ?? "default", stop)
            ?? await new MetadataCredentials(surroundings).FindAsync(stop)
            ?? throw new KeyferryException(
                FailureKind.Usage,
                "No AWS credentials were found: not in the environment, not in a profile, not from a container or an instance.",
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in (aws sso login, aws configure)."
            );
    }

    private AwsCredentials? FromEnvironment() =>
        (surroundings.Set("AWS_ACCESS_KEY_ID"), surroundings.Set("AWS_SECRET_ACCESS_KEY")) switch
        {
            ({ } id, { } secret) => new AwsCredentials(
                id,
                new Secret(secret),
                surroundings.Set("AWS_SESSION_TOKEN") is { } token ? new Secret(token) : null
            ),
            (null, null) => null,
            _ => throw new KeyferryException(
                FailureKind.Usage,
                "Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set.",
                "Set both, or neither."
            ),
        };
}
