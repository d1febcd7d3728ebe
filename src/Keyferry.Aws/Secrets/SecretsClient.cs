using System.Text.Json.Nodes;
using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Secrets;

/// <summary>The calls of Secrets Manager that Keyferry makes. Errors come as <see cref="AwsException"/>.</summary>
/// <param name="caller">Signs and sends.</param>
internal sealed class SecretsClient(AwsCaller caller)
{
    private readonly JsonClient _json = new(caller, "secretsmanager", "secretsmanager");

    /// <summary>User and password that a secret holds: a JSON object with <c>username</c> and <c>password</c> (or <c>token</c>), or the password alone.</summary>
    /// <param name="id">Name or ARN.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="KeyferryException">There is no such secret, or it holds something else.</exception>
    public async ValueTask<(string? User, Secret Password)> CredentialsAsync(string id, CancellationToken stop)
    {
        var text = await TextAsync(id, stop);
        if (JsonClient.Parse(text) is not { } json)
        {
            return (null, new Secret(text));
        }

        return (Text(json, "password") ?? Text(json, "token")) is { } password
            ? (Text(json, "username"), new Secret(password))
            : throw new KeyferryException(
                FailureKind.Usage,
                $"The secret {id} is a JSON object without a password.",
                "Let it have the keys username and password (or token), or hold the password alone."
            );
    }

    /// <summary>Stores a new secret.</summary>
    /// <returns>Its ARN.</returns>
    public async ValueTask<string> CreateAsync(string name, string text, CancellationToken stop)
    {
        var question = new JsonObject
        {
            ["Name"] = name,
            ["SecretString"] = text,
            ["Description"] = "Made by keyferry elasticache provision",
            ["ClientRequestToken"] = Guid.NewGuid().ToString(),
        };
        return (string?)(await _json.CallAsync("CreateSecret", question, stop))["ARN"] ?? name;
    }

    /// <summary>Deletes a secret at once.</summary>
    public async ValueTask DeleteAsync(string id, CancellationToken stop) =>
        _ = await _json.CallAsync("DeleteSecret", new JsonObject { ["SecretId"] = id, ["ForceDeleteWithoutRecovery"] = true }, stop);

    private async ValueTask<string> TextAsync(string id, CancellationToken stop)
    {
        try
        {
            var answer = await _json.CallAsync("GetSecretValue", new JsonObject { ["SecretId"] = id }, stop);
            return (string?)answer["SecretString"] ?? "";
        }
        catch (AwsException absent) when (absent.IsAbsent)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"There is no secret {id} in {caller.Region}.",
                "Check its name or ARN and the region: aws secretsmanager list-secrets.",
                absent
            );
        }
    }

    private static string? Text(JsonObject json, string name) =>
        json[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
