using System.Text.Json.Nodes;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>CloudWatch Logs: one page of lines of any group.</summary>
internal sealed class LogsService : IJsonService
{
    public IReadOnlyList<string> Actions { get; } = ["FilterLogEvents"];

    public JsonObject Answer(Question question)
    {
        if (!Actions.Contains(question.Action))
        {
            throw new RefusalException("UnknownOperationException", question.Action);
        }

        return new JsonObject
        {
            ["events"] = new JsonArray(
                new JsonObject
                {
                    ["timestamp"] = 1_768_471_872_000,
                    ["message"] = "following: lag 3 ms",
                    ["logStreamName"] = "keyferry/keyferry/1",
                }
            ),
            ["searchedLogStreams"] = new JsonArray(),
        };
    }

    public string ResourceOf(Question question) =>
        $"arn:aws:logs:{question.Region}:{AwsServer.Account}:log-group:{question.Json["logGroupName"]}";
}
