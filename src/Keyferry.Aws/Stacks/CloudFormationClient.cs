using System.Globalization;
using System.Xml.Linq;
using Keyferry.Aws.Calls;

namespace Keyferry.Aws.Stacks;

/// <summary>A stack as CloudFormation tells of it.</summary>
/// <param name="Id">Its ARN: it is found by it after it is gone, too.</param>
/// <param name="Status">Such as <c>CREATE_COMPLETE</c>.</param>
/// <param name="Reason">Why, where it says so.</param>
/// <param name="Parameters">What it stands with; secrets are masked by the service.</param>
/// <param name="Outputs">What it tells.</param>
internal sealed record StackState(
    string Id,
    string Status,
    string Reason,
    IReadOnlyDictionary<string, string> Parameters,
    IReadOnlyDictionary<string, string> Outputs
)
{
    /// <summary>Whether something is under way.</summary>
    public bool IsBusy => Status.EndsWith("_IN_PROGRESS", StringComparison.Ordinal);

    /// <summary>Whether it was rolled back when it was to be created: CloudFormation can only delete it then.</summary>
    public bool IsStillborn => Status is "ROLLBACK_COMPLETE" or "ROLLBACK_FAILED" or "CREATE_FAILED";

    /// <summary>Whether the last thing that was under way was given up.</summary>
    public bool IsFailed => Status.Contains("ROLLBACK", StringComparison.Ordinal) || Status.EndsWith("_FAILED", StringComparison.Ordinal);
}

/// <summary>One event of a stack.</summary>
internal sealed record StackEvent(string Id, DateTimeOffset? At, string Resource, string Type, string Status, string Reason);

/// <summary>The calls of CloudFormation that Keyferry makes. Errors come as <see cref="AwsException"/>.</summary>
/// <param name="caller">Signs and sends.</param>
internal sealed class CloudFormationClient(AwsCaller caller)
{
    private readonly QueryClient _query = new(caller, "cloudformation", "2010-05-15");

    /// <summary>The stack, or <see langword="null"/> where there is none.</summary>
    public async ValueTask<StackState?> FindAsync(string name, CancellationToken stop)
    {
        try
        {
            var found = await _query.CallAsync("DescribeStacks", [new("StackName", name)], stop);
            return found.Items("Stacks").Select(Read).FirstOrDefault();
        }
        catch (AwsException absent)
            when (absent.Code == "ValidationError" && absent.Said.Contains("does not exist", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>Creates a stack.</summary>
    /// <returns>Its id.</returns>
    public async ValueTask<string> CreateAsync(
        string name,
        string template,
        IReadOnlyDictionary<string, string> parameters,
        CancellationToken stop
    )
    {
        try
        {
            return await WriteAsync("CreateStack", name, template, parameters, [], stop);
        }
        catch (AwsException there) when (there.Code == "AlreadyExistsException")
        {
            // It was not there a moment ago: an answer was lost, and the same call made again.
            if (await FindAsync(name, stop) is { } found)
            {
                return found.Id;
            }

            throw;
        }
    }

    /// <summary>Updates a stack; parameters that are not given keep their values.</summary>
    /// <returns>Its id, or <see langword="null"/> where nothing is to be changed.</returns>
    public async ValueTask<string?> UpdateAsync(
        string name,
        string template,
        IReadOnlyDictionary<string, string> parameters,
        IEnumerable<string> kept,
        CancellationToken stop
    )
    {
        try
        {
            return await WriteAsync("UpdateStack", name, template, parameters, kept, stop);
        }
        catch (AwsException same) when (same.Said.Contains("No updates are to be performed", StringComparison.Ordinal))
        {
            return null;
        }
    }

    /// <summary>Deletes a stack.</summary>
    public async ValueTask DeleteAsync(string name, CancellationToken stop) =>
        _ = await _query.CallAsync("DeleteStack", [new("StackName", name)], stop);

    /// <summary>What happened, the oldest first.</summary>
    public async ValueTask<IReadOnlyList<StackEvent>> EventsAsync(string name, CancellationToken stop)
    {
        var found = await _query.ListAsync("DescribeStackEvents", "StackEvents", "NextToken", [new("StackName", name)], stop);
        found.Reverse();
        return
        [
            .. found.Select(static one => new StackEvent(
                one.Required("EventId"),
                one.Time("Timestamp"),
                one.Required("LogicalResourceId"),
                one.Required("ResourceType"),
                one.Required("ResourceStatus"),
                one.Required("ResourceStatusReason")
            )),
        ];
    }

    private async ValueTask<string> WriteAsync(
        string action,
        string name,
        string template,
        IReadOnlyDictionary<string, string> parameters,
        IEnumerable<string> kept,
        CancellationToken stop
    )
    {
        List<KeyValuePair<string, string?>> question =
        [
            new("StackName", name),
            new("TemplateBody", template),
            new("Capabilities.member.1", "CAPABILITY_IAM"),
        ];
        var index = 0;
        foreach (var (key, value) in parameters)
        {
            question.AddRange([new(Member(++index, "ParameterKey"), key), new(Member(index, "ParameterValue"), value)]);
        }

        foreach (var key in kept)
        {
            question.AddRange([new(Member(++index, "ParameterKey"), key), new(Member(index, "UsePreviousValue"), "true")]);
        }

        return (await _query.CallAsync(action, question, stop)).Required("StackId");
    }

    private static string Member(int index, string what) =>
        string.Create(CultureInfo.InvariantCulture, $"Parameters.member.{index}.{what}");

    private static StackState Read(XElement stack) =>
        new(
            stack.Required("StackId"),
            stack.Required("StackStatus"),
            stack.Required("StackStatusReason"),
            Pairs(stack, "Parameters", "ParameterKey", "ParameterValue"),
            Pairs(stack, "Outputs", "OutputKey", "OutputValue")
        );

    private static Dictionary<string, string> Pairs(XElement stack, string list, string key, string value) =>
        stack.Items(list).ToDictionary(one => one.Required(key), one => one.Required(value), StringComparer.Ordinal);
}
