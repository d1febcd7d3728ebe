using System.Net;
using System.Text;
using Keyferry.AwsDouble.Others;
using Keyferry.Integration.Servers;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>What AWS tells a task, or an instance, of itself: the metadata of the place where the program runs.</summary>
internal sealed class PlaceInAws : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly InterfaceState _own;
    private readonly Task _serving;
    private readonly CancellationTokenSource _over = new();
    private readonly string _url = $"http://127.0.0.1:{FreePort.Take()}";

    public PlaceInAws(InterfaceState own)
    {
        _own = own;
        _listener.Prefixes.Add($"{_url}/");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>The variables of a task on Fargate.</summary>
    public void TellTask(Dictionary<string, string> variables) => variables["ECS_CONTAINER_METADATA_URI_V4"] = $"{_url}/v4/task";

    /// <summary>The variables of an instance whose metadata are here.</summary>
    public void TellInstance(Dictionary<string, string> variables)
    {
        _ = variables.Remove("AWS_EC2_METADATA_DISABLED");
        variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = _url;
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        _listener.Close();
        await _serving;
        _over.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync().WaitAsync(_over.Token);
                var text = Answer(context.Request);
                var bytes = Encoding.UTF8.GetBytes(text ?? "");
                context.Response.StatusCode = text is null ? 404 : 200;
                await context.Response.OutputStream.WriteAsync(bytes, _over.Token);
                context.Response.Close();
            }
        }
        catch (Exception over) when (over is OperationCanceledException or HttpListenerException or ObjectDisposedException)
        {
            // The test has ended.
            return;
        }
    }

    private string? Answer(HttpListenerRequest request)
    {
        const string Root = "/latest/meta-data/";
        var path = request.Url?.AbsolutePath ?? "";
        if (path == "/v4/task")
        {
            return $$"""{"Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["{{_own.Address}}"],"MACAddress":"{{_own.Hardware}}"}]}""";
        }

        if (path == "/latest/api/token")
        {
            return request.HttpMethod == "PUT" ? "token" : null;
        }

        return request.Headers["X-aws-ec2-metadata-token"] != "token" ? null
            : path == $"{Root}mac" ? _own.Hardware
            : path.Replace($"{Root}network/interfaces/macs/{_own.Hardware}/", "", StringComparison.Ordinal) switch
            {
                "vpc-id" => _own.Vpc,
                "subnet-id" => _own.Subnet,
                "security-group-ids" => string.Join('\n', _own.Groups),
                "local-ipv4s" => _own.Address,
                _ => null,
            };
    }
}
