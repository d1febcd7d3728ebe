using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Web;
using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.ElastiCache;
using Keyferry.AwsDouble.Others;
using Keyferry.AwsDouble.Wire;
using Keyferry.Integration.Servers;

namespace Keyferry.AwsDouble;

/// <summary>A stand-in for the AWS services that Keyferry calls, on a free port of 127.0.0.1. Its caches are real servers on this machine.</summary>
/// <remarks>
/// <para>Strict: a request must be signed rightly, by a key that is known, with no parameter that the action does not have; states and errors follow AWS's interface model.
/// What it "creates" takes a moment to become available, and a change of a parameter group a moment to be applied.</para>
/// <para>It is itself checked with AWS's own command line and JavaScript SDK (tools/check-double).</para>
/// </remarks>
public sealed class AwsServer : IAsyncDisposable
{
    public const string AccessKey = "AKIDEXAMPLE";
    public const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    /// <summary>The key that a role gives, with the session token <c>assumed</c>.</summary>
    public const string RoleKey = "ASIAEXAMPLE";

    public const string Account = "111122223333";
    public const string Region = "eu-north-1";

    private readonly HttpListener _listener = new();
    private readonly CacheWorld _world;
    private readonly CacheWorld _elsewhere;
    private readonly Dictionary<string, IService> _query;
    private readonly Dictionary<string, IJsonService> _json;
    private readonly ConcurrentDictionary<string, (string Reason, string? Kind)> _denied = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _one = new(1, 1);
    private readonly CancellationTokenSource _over = new();
    private Task _serving = Task.CompletedTask;

    private AwsServer(int port, TimeSpan lag)
    {
        Port = port;
        (_world, _elsewhere) = (new CacheWorld(lag), new CacheWorld(lag));
        Stacks = new CloudFormationService();
        Secrets = new SecretsService();
        _query = new Dictionary<string, IService>(StringComparer.Ordinal)
        {
            ["elasticache"] = new ElastiCacheService(_world, _elsewhere),
            ["ec2"] = new Ec2Service(Network),
            ["sts"] = new StsService(),
            ["cloudformation"] = Stacks,
        };
        _json = new Dictionary<string, IJsonService>(StringComparer.Ordinal) { ["secretsmanager"] = Secrets, ["logs"] = new LogsService() };
    }

    public int Port { get; }

    public string Url => $"http://127.0.0.1:{Port}";

    /// <summary>Keys that are known: their secret, and the session token of a temporary one.</summary>
    public Dictionary<string, (string Secret, string? Token)> Keys { get; } =
        new(StringComparer.Ordinal) { [AccessKey] = (SecretKey, null), [RoleKey] = (SecretKey, "assumed") };

    /// <summary>Every call that was carried out, as <c>service:Action</c>, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>Every call that is known here, as <c>service:Action</c>.</summary>
    public IEnumerable<string> KnownCalls =>
        _query
            .SelectMany(static service => service.Value.Actions.Keys.Select(action => $"{service.Key}:{action}"))
            .Concat(_json.SelectMany(static service => service.Value.Actions.Select(action => $"{service.Key}:{action}")));

    /// <summary>Asked before each call; what it returns is done to it.</summary>
    public Func<string, CallFate> Fate { get; set; } = static _ => CallFate.Normal;

    public SecretsService Secrets { get; }

    /// <summary>What EC2 knows of networks.</summary>
    public NetworkWorld Network { get; } = new();

    public CloudFormationService Stacks { get; }

    /// <summary>The real servers and what the interface says of them.</summary>
    public CacheWorld World => _world;

    /// <summary>Starts to listen.</summary>
    /// <param name="port">0 for a free one.</param>
    /// <param name="lag">How long a change takes until it holds.</param>
    public static AwsServer Start(int port = 0, TimeSpan? lag = null)
    {
        var started = new AwsServer(port == 0 ? FreePort.Take() : port, lag ?? TimeSpan.FromMilliseconds(60));
        started._listener.Prefixes.Add($"{started.Url}/");
        started._listener.Start();
        started._serving = started.ServeAsync();
        return started;
    }

    /// <summary>Refuses an action from now on.</summary>
    /// <param name="action"><c>elasticache:ModifyReplicationGroup</c></param>
    /// <param name="reason">How AWS ends the sentence.</param>
    /// <param name="on">Only on resources of this kind, such as <c>parametergroup</c>.</param>
    public void Deny(string action, string? reason = null, string? on = null) =>
        _denied[action] = (reason ?? $"because no identity-based policy allows the {action} action", on);

    /// <summary>Allows everything again.</summary>
    public void AllowAll() => _denied.Clear();

    /// <remarks>
    /// The end of serving is told apart from the listener's: a listener that is closed while somebody begins to wait for its next request never ends that wait.
    /// </remarks>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Close();
        await _serving;
        await _world.DisposeAsync();
        await _elsewhere.DisposeAsync();
        _one.Dispose();
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync().WaitAsync(_over.Token);
            }
            catch (Exception over) when (over is HttpListenerException or ObjectDisposedException or OperationCanceledException)
            {
                return;
            }

            try
            {
                await AnswerAsync(context).WaitAsync(_over.Token);
            }
            catch (Exception gone)
                when (gone is HttpListenerException or ObjectDisposedException or IOException or OperationCanceledException)
            {
                // The client has given up on the connection, or the double is being taken down.
                continue;
            }
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.InputStream.CopyToAsync(buffer);
        var body = buffer.ToArray();
        var isJson = context.Request.Headers["X-Amz-Target"] is not null;
        var service = "";
        try
        {
            (service, var region) = IsOpen(context.Request, body)
                ? ("sts", Region)
                : SignatureCheck.Verify(context.Request, body, Keys, TimeProvider.System.GetUtcNow());
            var question = Parse(context.Request, service, region, body);
            var fate = Fate($"{service}:{question.Action}");
            if (fate == CallFate.LostBefore)
            {
                await CutAsync(context.Response);
                return;
            }

            if (fate != CallFate.Normal && fate != CallFate.LostAfter)
            {
                throw fate == CallFate.Throttled
                    ? new RefusalException("Throttling", "Rate exceeded")
                    : new RefusalException("InternalFailure", "try again", 500);
            }

            Calls.Enqueue($"{service}:{question.Action}");
            var answer = await CarryOutAsync(question);
            if (fate == CallFate.LostAfter)
            {
                await CutAsync(context.Response);
                return;
            }

            await SendAsync(context.Response, 200, answer, isJson);
        }
        catch (RefusalException refusal)
        {
            await SendAsync(context.Response, refusal.Status, ErrorOf(refusal, service, isJson), isJson);
        }
    }

    // The one call that nobody signs: its token is its proof.
    private static bool IsOpen(HttpListenerRequest request, byte[] body) =>
        request.Headers["Authorization"] is null
        && Encoding.UTF8.GetString(body).StartsWith("Action=AssumeRoleWithWebIdentity&", StringComparison.Ordinal);

    private async Task<string> CarryOutAsync(Question question)
    {
        await _one.WaitAsync();
        try
        {
            if (_json.TryGetValue(question.Service, out var json))
            {
                Authorize(question, [json.ResourceOf(question)]);
                return json.Answer(question).ToJsonString();
            }

            if (!_query.TryGetValue(question.Service, out var service) || !service.Actions.TryGetValue(question.Action, out var action))
            {
                throw new RefusalException("InvalidAction", $"Could not find operation {question.Action} of {question.Service}");
            }

            Authorize(question, service.ResourcesOf(question));
            var content = await action(question);
            var isEc2 = question.Service == "ec2";
            var root = isEc2
                ? new XElement($"{question.Action}Response", new XElement("requestId", Guid.NewGuid()), content)
                : new XElement(
                    $"{question.Action}Response",
                    new XElement($"{question.Action}Result", content),
                    new XElement("ResponseMetadata", new XElement("RequestId", Guid.NewGuid()))
                );
            return InSpace(root, service.Space).ToString(SaveOptions.DisableFormatting);
        }
        finally
        {
            _ = _one.Release();
        }
    }

    private void Authorize(Question question, IEnumerable<string> resources)
    {
        var action = $"{question.Service}:{question.Action}";
        if (
            !_denied.TryGetValue(action, out var denied)
            || resources.FirstOrDefault(one => denied.Kind is null || one.Contains($":{denied.Kind}:", StringComparison.Ordinal))
                is not { } resource
        )
        {
            return;
        }

        var text =
            $"User: arn:aws:sts::{Account}:assumed-role/tester/session is not authorized to perform: {action} on resource: {resource} {denied.Reason}";
        throw question.Service switch
        {
            "ec2" => new RefusalException("UnauthorizedOperation", $"You are not authorized to perform this operation. {text}", 403),
            "secretsmanager" or "logs" => new RefusalException("AccessDeniedException", text, 400),
            _ => new RefusalException("AccessDenied", text, 403),
        };
    }

    private static Question Parse(HttpListenerRequest request, string service, string region, byte[] body)
    {
        var text = Encoding.UTF8.GetString(body);
        if (request.Headers["X-Amz-Target"] is { } target)
        {
            return new Question(
                service,
                region,
                target.Split('.')[^1],
                new Dictionary<string, string>(),
                JsonNode.Parse(text) as JsonObject
            );
        }

        if (request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.Ordinal) != true)
        {
            throw new RefusalException("MalformedInput", $"Content type {request.ContentType} is no form");
        }

        var form = HttpUtility.ParseQueryString(text);
        var parameters = form.AllKeys.OfType<string>().ToDictionary(static key => key, key => form[key] ?? "", StringComparer.Ordinal);
        return new Question(service, region, parameters.GetValueOrDefault("Action", ""), parameters, null);
    }

    private string ErrorOf(RefusalException refusal, string service, bool isJson)
    {
        if (isJson)
        {
            return new JsonObject { ["__type"] = refusal.Code, ["message"] = refusal.Message }.ToJsonString();
        }

        var error = new XElement(
            "Error",
            new XElement("Type", "Sender"),
            new XElement("Code", refusal.Code),
            new XElement("Message", refusal.Message)
        );
        var root =
            service == "ec2"
                ? new XElement("Response", new XElement("Errors", error), new XElement("RequestID", Guid.NewGuid()))
                : new XElement("ErrorResponse", error, new XElement("RequestId", Guid.NewGuid()));
        return InSpace(root, _query.TryGetValue(service, out var known) ? known.Space : XNamespace.None)
            .ToString(SaveOptions.DisableFormatting);
    }

    private static XElement InSpace(XElement root, XNamespace space)
    {
        foreach (var element in root.DescendantsAndSelf())
        {
            element.Name = space + element.Name.LocalName;
        }

        return root;
    }

    // An answer that ends in its middle: an aborted response without a beginning would reach the client as an empty success.
    private static async Task CutAsync(HttpListenerResponse response)
    {
        response.ContentLength64 = 1000;
        await response.OutputStream.WriteAsync("<"u8.ToArray());
        response.Abort();
    }

    private static async Task SendAsync(HttpListenerResponse response, int status, string text, bool isJson)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        response.StatusCode = status;
        response.ContentType = isJson ? "application/x-amz-json-1.1" : "text/xml";
        response.ContentLength64 = bytes.Length;
        await response.OutputStream.WriteAsync(bytes);
        response.Close();
    }
}

/// <summary>What becomes of a call.</summary>
public enum CallFate
{
    /// <summary>It is carried out and answered.</summary>
    Normal,

    /// <summary>The connection is cut before it is carried out.</summary>
    LostBefore,

    /// <summary>It is carried out, and the connection is cut before the answer.</summary>
    LostAfter,

    /// <summary>It is refused for coming too fast.</summary>
    Throttled,

    /// <summary>The service has a fault.</summary>
    Fault,
}
