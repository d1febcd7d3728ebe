using System.Net;
using Keyferry.Aws.Calls;

namespace Keyferry.Aws.Identity;

/// <summary>Asks the endpoints that AWS gives to an instance or a container, which answer at once or not at all.</summary>
/// <param name="surroundings">Variables, time, the network.</param>
internal sealed class InstanceMetadata(AwsSurroundings surroundings)
{
    /// <summary>A machine that is none of AWS's must not wait long for an address that does not answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>What the metadata of the instance say (version 2 only), or <see langword="null"/> where this is no instance.</summary>
    /// <param name="path">Such as <c>latest/meta-data/placement/region</c>.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask<string?> AskAsync(string path, CancellationToken stop)
    {
        if (string.Equals(surroundings.Set("AWS_EC2_METADATA_DISABLED"), "true", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        var root = new Uri((surroundings.Set("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254").TrimEnd('/') + "/");
        using var question = new HttpRequestMessage(HttpMethod.Put, new Uri(root, "latest/api/token"));
        question.Headers.Add("X-aws-ec2-metadata-token-ttl-seconds", "300");
        return await SendAsync(question, stop) is { } token
            ? await GetAsync(new Uri(root, path), "X-aws-ec2-metadata-token", token, stop)
            : null;
    }

    /// <summary>What is at <paramref name="address"/>, or <see langword="null"/>.</summary>
    public async ValueTask<string?> GetAsync(Uri address, string header, string? value, CancellationToken stop)
    {
        using var question = new HttpRequestMessage(HttpMethod.Get, address);
        if (value is not null)
        {
            _ = question.Headers.TryAddWithoutValidation(header, value);
        }

        return await SendAsync(question, stop);
    }

    /// <returns>What was answered, or <see langword="null"/> where nothing was, or an error.</returns>
    private async ValueTask<string?> SendAsync(HttpRequestMessage question, CancellationToken stop)
    {
        using var patience = new CancellationTokenSource(Patience, surroundings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            using var answer = await surroundings.Http.SendAsync(question, either.Token);
            return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync(either.Token) : null;
        }
        catch (Exception silent)
            when (silent is HttpRequestException or IOException || (silent is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return null;
        }
    }
}
