using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Verify;

namespace Keyferry.Cli;

/// <summary>Compares with the engine's verifier, over real sockets.</summary>
internal sealed class EngineComparison(TimeProvider time) : IComparison
{
    /// <inheritdoc/>
    public async Task<ComparisonOutcome> RunAsync(ComparisonRequest request, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        var dialer = new SocketDialer(request.ConnectTimeout, time);
        var settings = new ConnectionSettings { RunName = "verify", CommandTimeout = request.CommandTimeout };
        var source = new ServerConnector(dialer, request.Source, "source", settings, time);
        var target = new ServerConnector(dialer, request.Target, "target", settings, time);
        var (sourceText, targetText) = (await DescribeAsync(source, stop), await DescribeAsync(target, stop));
        var result = await new Verifier(source, target, request.Options, time).RunAsync(stop);
        return new ComparisonOutcome(sourceText, targetText, result, time.GetElapsedTime(began));
    }

    private static async Task<string> DescribeAsync(ServerConnector server, CancellationToken stop)
    {
        await server.DiscoverAsync(stop);
        try
        {
            return $"{(await ClusterIdentity.AskAsync(server, stop)).Describe(server.Nodes.Count)} at {server.Endpoint}";
        }
        catch (ServerErrorException refused)
        {
            throw ConnectionTrouble.Login(refused, server.Endpoint, server.Role);
        }
        catch (IOException broken)
        {
            throw ConnectionTrouble.Greeting(broken, server.Endpoint, server.Role);
        }
    }
}
