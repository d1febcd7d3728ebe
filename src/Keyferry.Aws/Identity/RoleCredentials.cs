using System.Xml.Linq;
using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Takes on a role: STS gives a temporary key for another one, or for the token of a web identity.</summary>
internal sealed class RoleCredentials(AwsSurroundings surroundings, string region)
{
    private const string Version = "2011-06-15";

    /// <summary>The role that the environment names together with a token file (Kubernetes), or <see langword="null"/> where it names none.</summary>
    public async ValueTask<AwsCredentials?> FromWebIdentityAsync(CancellationToken stop) =>
        (surroundings.Set("AWS_WEB_IDENTITY_TOKEN_FILE"), surroundings.Set("AWS_ROLE_ARN")) is ({ } file, { } role)
            ? await FromTokenFileAsync(file, role, surroundings.Set("AWS_ROLE_SESSION_NAME"), stop)
            : null;

    /// <summary>Assumes <paramref name="role"/> with the token that <paramref name="file"/> holds.</summary>
    public async ValueTask<AwsCredentials> FromTokenFileAsync(string file, string role, string? session, CancellationToken stop)
    {
        string token;
        try
        {
            token = (await File.ReadAllTextAsync(file, stop)).Trim();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The web identity's token file {file} cannot be read: {unreadable.Message}",
                "Check AWS_WEB_IDENTITY_TOKEN_FILE and its permissions.",
                unreadable
            );
        }

        // The call is not signed: the token is the proof, and a signature by an unknown key would be refused.
        KeyValuePair<string, string?>[] question =
        [
            new("RoleArn", role),
            new("RoleSessionName", session ?? "keyferry"),
            new("WebIdentityToken", token),
        ];
        return await AskAsync("AssumeRoleWithWebIdentity", AwsCredentials.None, question, $"the role {role} of a web identity", stop);
    }

    /// <summary>Assumes <paramref name="role"/> with another key.</summary>
    public ValueTask<AwsCredentials> FromKeyAsync(
        AwsCredentials with,
        string role,
        string? session,
        string? externalId,
        CancellationToken stop
    )
    {
        KeyValuePair<string, string?>[] question =
        [
            new("RoleArn", role),
            new("RoleSessionName", session ?? "keyferry"),
            new("ExternalId", externalId),
        ];
        return AskAsync("AssumeRole", with, question, $"the role {role}", stop);
    }

    private async ValueTask<AwsCredentials> AskAsync(
        string action,
        AwsCredentials with,
        KeyValuePair<string, string?>[] question,
        string from,
        CancellationToken stop
    )
    {
        var caller = new AwsCaller(surroundings, _ => ValueTask.FromResult(with), region);
        XElement answer;
        try
        {
            answer = await new QueryClient(caller, "sts", Version).CallAsync(action, question, stop);
        }
        catch (AwsException refused)
        {
            throw AwsTrouble.Explain(refused);
        }

        var key = answer.Child("Credentials") ?? answer;
        return new AwsCredentials(
            key.Required("AccessKeyId"),
            new Secret(key.Required("SecretAccessKey")),
            new Secret(key.Required("SessionToken")),
            key.Time("Expiration"),
            from
        );
    }
}
