using System.Text.Json;
using System.Text.Json.Nodes;
using Keyferry.Model;

namespace Keyferry.Aws.Calls;

/// <summary>A service that speaks the JSON protocol: Secrets Manager, CloudWatch Logs.</summary>
/// <param name="caller">Signs and sends.</param>
/// <param name="service">As in policies: <c>secretsmanager</c>, <c>logs</c>.</param>
/// <param name="targetPrefix">What the action stands behind in <c>X-Amz-Target</c>: <c>secretsmanager</c>, <c>Logs_20140328</c>.</param>
internal sealed class JsonClient(AwsCaller caller, string service, string targetPrefix)
{
    /// <summary>Makes one call.</summary>
    /// <exception cref="AwsException">The service refused.</exception>
    /// <exception cref="KeyferryException">It cannot be reached, or what it said is no answer.</exception>
    public async ValueTask<JsonObject> CallAsync(string action, JsonObject question, CancellationToken stop)
    {
        var call = new AwsCall(service, action);
        var text = await caller.PostAsync(call, AwsCaller.Json, $"{targetPrefix}.{action}", question.ToJsonString(), ReadError, stop);
        return Parse(text)
            ?? throw new KeyferryException(
                FailureKind.Failed,
                $"What answers as {service} speaks no JSON ({call}).",
                "Check the endpoint: --endpoint-url, AWS_ENDPOINT_URL, or a proxy in between."
            );
    }

    /// <summary>The object that <paramref name="text"/> is, or <see langword="null"/> where it is none.</summary>
    public static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static (string Code, string Message) ReadError(string text)
    {
        var error = Parse(text);
        // Some services put a name space before the code.
        var code = ((string?)error?["__type"] ?? "").Split('#')[^1];
        return (code, (string?)error?["message"] ?? (string?)error?["Message"] ?? "");
    }
}
