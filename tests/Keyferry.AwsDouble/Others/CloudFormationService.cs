using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>CloudFormation: keeps stacks and checks their parameters against the template; nothing is built.</summary>
public sealed class CloudFormationService : IService
{
    private readonly Dictionary<string, Stack> _stacks = new(StringComparer.Ordinal);

    public CloudFormationService() =>
        Actions = new Dictionary<string, Func<Question, Task<object?>>>(StringComparer.Ordinal)
        {
            ["ValidateTemplate"] = static question => Task.FromResult(Validate(question)),
            ["CreateStack"] = question => Task.FromResult(Create(question)),
            ["UpdateStack"] = question => Task.FromResult(Update(question)),
            ["DeleteStack"] = question => Task.FromResult(Delete(question)),
            ["DescribeStacks"] = question => Task.FromResult(Describe(question)),
            ["DescribeStackEvents"] = question => Task.FromResult(Events(question)),
        };

    public XNamespace Space => "http://cloudformation.amazonaws.com/doc/2010-05-15/";

    public IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; }

    /// <summary>Lets the next create or update end in a rollback, or the next deletion fail, with this reason.</summary>
    public string? NextFails { get; set; }

    /// <summary>The parameters that a stack stands with.</summary>
    public IReadOnlyDictionary<string, string> ParametersOf(string stack) => _stacks[stack].Parameters;

    /// <summary>Begins to create a stack, as another client would.</summary>
    public Task<object?> BeginAsync(string name, string template, params (string Name, string Value)[] parameters)
    {
        var question = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["StackName"] = name,
            ["TemplateBody"] = template,
            ["Capabilities.member.1"] = "CAPABILITY_IAM",
        };
        foreach (var (one, index) in parameters.Select(static (one, index) => (one, index + 1)))
        {
            question[$"Parameters.member.{index}.ParameterKey"] = one.Name;
            question[$"Parameters.member.{index}.ParameterValue"] = one.Value;
        }

        return Actions["CreateStack"](new Question("cloudformation", AwsServer.Region, "CreateStack", question, null));
    }

    IEnumerable<string> IService.ResourcesOf(Question question) =>
        [$"arn:aws:cloudformation:{question.Region}:{AwsServer.Account}:stack/{question.Parameters.GetValueOrDefault("StackName", "*")}/*"];

    private static object? Validate(Question question)
    {
        var template = Template(question);
        question.NothingElse();
        return new XElement(
            "Parameters",
            template["Parameters"]?.AsObject().Select(static one => new XElement("member", new XElement("ParameterKey", one.Key)))
        );
    }

    private object? Create(Question question)
    {
        var name = question.Need("StackName");
        var template = Template(question);
        var parameters = Parameters(question, template, null);
        Capabilities(question);
        _ = (
            question.Get("OnFailure"),
            question.Flag("DisableRollback"),
            question.Structures("Tags", "Tag"),
            question.Get("ClientRequestToken")
        );
        question.NothingElse();
        if (!Regex.IsMatch(name, "^[a-zA-Z][-a-zA-Z0-9]*$", RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            throw new RefusalException(
                "ValidationError",
                $"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint"
            );
        }

        if (_stacks.GetValueOrDefault(name) is { Peek: not "DELETE_COMPLETE" })
        {
            throw new RefusalException("AlreadyExistsException", $"Stack [{name}] already exists");
        }

        var stack = _stacks[name] = new Stack(name, template, parameters);
        NextFails ??= stack.Trouble;
        stack.Go("CREATE_IN_PROGRESS", NextFails is null ? "CREATE_COMPLETE" : "ROLLBACK_COMPLETE", NextFails);
        NextFails = null;
        return new XElement("StackId", stack.Id);
    }

    private object? Update(Question question)
    {
        var stack = Find(question.Need("StackName"));
        var template = question.Flag("UsePreviousTemplate") ? stack.Template : Template(question);
        var parameters = Parameters(question, template, stack.Parameters);
        Capabilities(question);
        _ = (question.Structures("Tags", "Tag"), question.Get("ClientRequestToken"));
        question.NothingElse();
        // What was rolled back at its creation can only be deleted.
        if (stack.Status.EndsWith("IN_PROGRESS", StringComparison.Ordinal) || stack.Status == "ROLLBACK_COMPLETE")
        {
            throw new RefusalException("ValidationError", $"Stack:{stack.Id} is in {stack.Status} state and can not be updated.");
        }

        if (
            JsonNode.DeepEquals(template, stack.Template)
            && parameters.OrderBy(static p => p.Key).SequenceEqual(stack.Parameters.OrderBy(static p => p.Key))
        )
        {
            throw new RefusalException("ValidationError", "No updates are to be performed.");
        }

        (stack.Template, stack.Parameters) = (template, parameters);
        NextFails ??= stack.Trouble;
        stack.Go("UPDATE_IN_PROGRESS", NextFails is null ? "UPDATE_COMPLETE" : "UPDATE_ROLLBACK_COMPLETE", NextFails);
        NextFails = null;
        return new XElement("StackId", stack.Id);
    }

    private object? Delete(Question question)
    {
        var name = question.Need("StackName");
        question.NothingElse();
        if (_stacks.GetValueOrDefault(name) is { } stack)
        {
            stack.Go("DELETE_IN_PROGRESS", NextFails is null ? "DELETE_COMPLETE" : "DELETE_FAILED", NextFails);
            NextFails = null;
        }

        return null;
    }

    private object? Describe(Question question)
    {
        var name = question.Get("StackName");
        _ = question.Get("NextToken");
        question.NothingElse();
        var found = name is null ? _stacks.Values.Where(static one => one.Peek != "DELETE_COMPLETE") : [Find(name)];
        return new XElement("Stacks", found.Select(static stack => stack.Describe()));
    }

    private object? Events(Question question)
    {
        var stack = Find(question.Need("StackName"));
        _ = question.Get("NextToken");
        question.NothingElse();
        return new XElement("StackEvents", stack.Events.AsEnumerable().Reverse());
    }

    // A stack that is gone is found by its id only.
    private Stack Find(string name) =>
        _stacks.Values.FirstOrDefault(stack => stack.Id == name || (stack.Name == name && stack.Peek != "DELETE_COMPLETE"))
        ?? throw new RefusalException("ValidationError", $"Stack with id {name} does not exist");

    private static JsonObject Template(Question question) =>
        JsonNode.Parse(question.Need("TemplateBody")) as JsonObject
        ?? throw new RefusalException("ValidationError", "Template format error: unsupported structure.");

    private static void Capabilities(Question question)
    {
        if (!question.List("Capabilities", "member").Contains("CAPABILITY_IAM"))
        {
            throw new RefusalException("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]");
        }
    }

    private static Dictionary<string, string> Parameters(
        Question question,
        JsonObject template,
        IReadOnlyDictionary<string, string>? previous
    )
    {
        var declared = template["Parameters"]?.AsObject() ?? [];
        var given = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var one in question.Structures("Parameters", "member"))
        {
            var keep = one.GetValueOrDefault("UsePreviousValue") == "true";
            given[one["ParameterKey"]] =
                keep && previous is not null ? previous[one["ParameterKey"]] : one.GetValueOrDefault("ParameterValue", "");
        }

        if (given.Keys.FirstOrDefault(key => !declared.ContainsKey(key)) is { } strange)
        {
            throw new RefusalException("ValidationError", $"Parameters: [{strange}] do not exist in the template");
        }

        foreach (var (name, kind) in declared)
        {
            var value = given.TryGetValue(name, out var set) ? set : kind?["Default"]?.ToString();
            given[name] = value ?? throw new RefusalException("ValidationError", $"Parameters: [{name}] must have values");
            Check(name, value, kind);
        }

        TemplateRules.Check(template, given);
        return given;
    }

    private static void Check(string name, string value, JsonNode? kind)
    {
        if ((string?)kind?["AllowedPattern"] is { } pattern && !Regex.IsMatch(value, pattern, RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            throw new RefusalException(
                "ValidationError",
                $"Parameter {name} failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"
            );
        }

        if (kind?["AllowedValues"] is JsonArray allowed && allowed.All(one => one?.ToString() != value))
        {
            throw new RefusalException("ValidationError", $"Parameter '{name}' must be one of AllowedValues");
        }
    }

    private sealed class Stack(string name, JsonObject template, Dictionary<string, string> parameters)
    {
        private string _end = "";
        private int _looks;

        public string Id { get; } = $"arn:aws:cloudformation:{AwsServer.Region}:{AwsServer.Account}:stack/{name}/{Guid.NewGuid()}";

        public string Name => name;

        public JsonObject Template { get; set; } = template;

        public Dictionary<string, string> Parameters { get; set; } = parameters;

        public string Status { get; private set; } = "";

        public string Peek => Status;

        public List<XElement> Events { get; } = [];

        /// <summary>Why the resources cannot be made as the template says.</summary>
        public string? Trouble =>
            (Template["Resources"]?.AsObject() ?? [])
                .Select(one => TemplateRules.Trouble(Template, one.Value, Parameters))
                .FirstOrDefault(static trouble => trouble is not null);

        public void Go(string now, string end, string? reason)
        {
            (Status, _end, _looks) = (now, end, 0);
            Tell("AWS::CloudFormation::Stack", name, now, "User Initiated");
            foreach (var (logical, resource) in Template["Resources"]?.AsObject() ?? [])
            {
                if (!TemplateRules.IsMade(Template, resource, Parameters))
                {
                    continue;
                }

                var skipped = now == "DELETE_IN_PROGRESS" && (string?)resource?["DeletionPolicy"] == "Retain";
                var done = now.Replace(
                    "IN_PROGRESS",
                    reason is null
                        ? skipped
                            ? "SKIPPED"
                            : "COMPLETE"
                        : "FAILED",
                    StringComparison.Ordinal
                );
                Tell((string?)resource?["Type"] ?? "", logical, done, reason);
                reason = null;
            }
        }

        // A stack is done after it has been looked at twice.
        public XElement Describe()
        {
            if (++_looks >= 2 && Status.EndsWith("IN_PROGRESS", StringComparison.Ordinal))
            {
                Status = _end;
                Tell("AWS::CloudFormation::Stack", name, _end, null);
            }

            return new XElement(
                "member",
                new XElement("StackName", name),
                new XElement("StackId", Id),
                new XElement("StackStatus", Status),
                new XElement("CreationTime", Now()),
                new XElement("Parameters", Parameters.Select(one => Pair("Parameter", one.Key, IsHidden(one.Key) ? "****" : one.Value))),
                new XElement(
                    "Outputs",
                    (Template["Outputs"]?.AsObject() ?? []).Select(static one => Pair("Output", one.Key, $"{one.Key}-value"))
                )
            );
        }

        private bool IsHidden(string parameter) => Template[nameof(Parameters)]?[parameter]?["NoEcho"]?.ToString() == "true";

        private void Tell(string type, string logical, string status, string? reason) =>
            Events.Add(
                new XElement(
                    "member",
                    new XElement("EventId", Guid.NewGuid()),
                    new XElement("StackId", Id),
                    new XElement("StackName", name),
                    new XElement("LogicalResourceId", logical),
                    new XElement("ResourceType", type),
                    new XElement("ResourceStatus", status),
                    reason is null ? null : new XElement("ResourceStatusReason", reason),
                    new XElement("Timestamp", Now())
                )
            );

        private static XElement Pair(string what, string key, string value) =>
            new("member", new XElement($"{what}Key", key), new XElement($"{what}Value", value));

        private static string Now() =>
            TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }
}
