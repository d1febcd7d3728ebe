using System.Globalization;
using System.Net;
using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Credentials of the place where the program runs: a container's endpoint (ECS, EKS), or an instance's metadata (version 2 only).</summary>
internal sealed class MetadataCredentials(AwsSurroundings surroundings)
{
    /// <summary>A machine that is none of AWS's must not wait long for an address that does not answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What the place gives, or <see langword="null"/> where it gives nothing.</summary>
    /// <exception cref="KeyferryException">An endpoint is named, but does not answer.</exception>
    public async ValueTask<AwsCredentials?> FindAsync(CancellationToken stop) =>
        await FromContainerAsync(stop) ?? await FromInstanceAsync(stop);

    /// <summary>The region of the instance, or <see langword="null"/>.</summary>
    public async ValueTask<string?> RegionAsync(CancellationToken stop) =>
        await AskInstanceAsync("latest/meta-data/placement/region", stop) is { Length: > 0 } region ? region.Trim() : null;

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
        var document = await GetAsync(new Uri(address), "Authorization", token, stop);
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
        if (await AskInstanceAsync(Folder, stop) is not { Length: > 0 } roles)
        {
            return null;
        }

        var role = roles.Split('\n')[0].Trim();
        return await AskInstanceAsync(Folder + role, stop) is { } document ? Read(document, "Token", $"the instance's role {role}") : null;
    }

    private async ValueTask<string?> AskInstanceAsync(string path, CancellationToken stop)
    {
        if (string.Equals(surroundings.Set("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var root = new Uri((surroundings.Set("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254").TrimEnd('/') + "/");
        using var question = new HttpRequestMessage(HttpMethod.Put, new Uri(root, "latest/api/token"));
        question.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "300");
        return await SendAsync(question, stop) is { } token
            ? await GetAsync(new Uri(root, path), "X-aws-ec2-metadata-token", token, stop)
            : null;
    }

    private async ValueTask<string?> GetAsync(Uri address, string header, string? value, CancellationToken stop)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, address);
        if (value is not null)
        {
            _ = question.Headers.TryAddWithoutValidation(header, value);
        }

        return await SendAsync(question, stop);
    }

    /// <returns>What was answered, or <see langword="null"/> where nothing was, or an error.</returns>
    private async ValueTask<string?> SendAsync(HttpRequestMessage question, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, surroundings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            using var answer = await surroundings.Http.SendAsync(question, either.Token);
            return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync(either.Token) : null;
        }
        catch (Exception silent)
            when (silent is HttpRequestException or IOException || (silent is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }
}
