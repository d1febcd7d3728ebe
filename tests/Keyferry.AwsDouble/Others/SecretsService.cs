using System.Text.Json.Nodes;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>Secrets Manager: reading, and what a provision stores.</summary>
public sealed class SecretsService : IJsonService
{
    /// <summary>Secrets by name.</summary>
    public Dictionary<string, string> Values { get; } = new(StringComparer.Ordinal);

    IReadOnlyList<string> IJsonService.Actions { get; } = ["CreateSecret", "DeleteSecret", "GetSecretValue"];

    public static string Arn(string name) => $"arn:aws:secretsmanager:{AwsServer.Region}:{AwsServer.Account}:secret:{name}-AbCdEf";

    JsonObject IJsonService.Answer(Question question)
    {
        var json = question.Json;
        switch (question.Action)
        {
            case "GetSecretValue":
            {
                var name = Find((string?)json["SecretId"] ?? "");
                return new JsonObject
                {
                    ["ARN"] = Arn(name),
                    ["Name"] = name,
                    ["SecretString"] = Values[name],
                };
            }

            case "CreateSecret":
            {
                var name = (string?)json["Name"] ?? throw new RefusalException("InvalidParameterException", "Name is missing");
                if (!Values.TryAdd(name, (string?)json["SecretString"] ?? ""))
                {
                    throw new RefusalException(
                        "ResourceExistsException",
                        $"The operation failed because the secret {name} already exists."
                    );
                }

                return new JsonObject { ["ARN"] = Arn(name), ["Name"] = name };
            }

            case "DeleteSecret":
            {
                var name = Find((string?)json["SecretId"] ?? "");
                _ = Values.Remove(name);
                return new JsonObject { ["ARN"] = Arn(name), ["Name"] = name };
            }

            default:
                throw new RefusalException("UnknownOperationException", question.Action);
        }
    }

    string IJsonService.ResourceOf(Question question) => (string?)question.Json["SecretId"] ?? (string?)question.Json["Name"] ?? "*";

    private string Find(string id) =>
        Values.Keys.FirstOrDefault(name => name == id || Arn(name) == id)
        ?? throw new RefusalException("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
}
