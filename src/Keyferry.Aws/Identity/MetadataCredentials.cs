using System.Globalization;
using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Credentials of the place where the program runs: a container's endpoint (ECS, EKS), or an instance's metadata (version 2 only).</summary>
internal sealed class MetadataCredentials(AwsSurroundings surroundings)
{
    private readonly InstanceMetadata _instance = new(surroundings);

    /// <summary>What the place gives, or <see langword="null"/> where it gives nothing.</summary>
    /// <exception cref="KeyferryException">An endpoint is named, but does not answer.</exception>
    public async ValueTask<AwsCredentials?> FindAsync(CancellationToken stop) =>
        await FromContainerAsync(stop) ?? await FromInstanceAsync(stop);

    /// <summary>The region of the instance, or <see langword="null"/>.</summary>
    public async ValueTask<string?> RegionAsync(CancellationToken stop) =>
        await _instance.AskAsync("latest/meta-data/placement/region", stop) is { Length: > 0 } region ? region.Trim() : null;

    /// <summary>Reads a document with a key, as endpoints and programs write it.</summary>
    /// <returns>The key, or <see langword="null"/> where the document has none.</returns>
    public static AwsCredentials? Read(string document, string tokenName, string from)
    {
        if (
            JsonClient.Parse(document) is not { } json
            || (string?)json["AccessKeyId"] is not { } id
            || (string?)json["SecretAccessKey"] is not { } secret
        )
        {
            return null;
        }

        var token = (string?)json[tokenName];
        DateTimeOffset? expires = DateTimeOffset.TryParse(
            (string?)json["Expiration"],
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal,
            out var at
        )
            ? at
            : null;
        return new AwsCredentials(id, new Secret(secret), token is null ? null : new Secret(token), expires, from);
    }

    private async ValueTask<AwsCredentials?> FromContainerAsync(CancellationToken stop)
    {
        var address = surroundings.Set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") is { } relative
            ? $"http://169.254.170.2{relative}"
            : surroundings.Set("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        if (address is null)
        {
            return null;
        }

        var file = surroundings.Set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        var token =
            file is not null && File.Exists(file)
                ? (await File.ReadAllTextAsync(file, stop)).Trim()
                : surroundings.Set("AWS_CONTAINER_AUTHORIZATION_TOKEN");
        var document = await _instance.GetAsync(new Uri(address), "Authorization", token, stop);
        return (document is null ? null : Read(document, "Token", "the container"))
            ?? throw new KeyferryException(
                FailureKind.Unreachable,
                $"The container's credentials endpoint {new Uri(address).Host} gives no credentials.",
                "See that the task or pod has a role; AWS_CONTAINER_CREDENTIALS_* is set by the platform, not by hand."
            );
    }

    private async ValueTask<AwsCredentials?> FromInstanceAsync(CancellationToken stop)
    {
        const string Folder = "latest/meta-data/iam/security-credentials/";
        if (await _instance.AskAsync(Folder, stop) is not { Length: > 0 } roles)
        {
            return null;
        }

        var role = roles.Split('\n')[0].Trim();
        return await _instance.AskAsync(Folder + role, stop) is { } document
            ? Read(document, "Token", $"the instance's role {role}")
            : null;
    }
}
