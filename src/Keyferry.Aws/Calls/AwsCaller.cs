using System.Net.Http.Headers;
using System.Text;
using Keyferry.Aws.Identity;
using Keyferry.Model;

namespace Keyferry.Aws.Calls;

/// <summary>Sends signed requests to one region, again where that may help, and hands back what the service answered.</summary>
/// <remarks>
/// <para><b>Promises.</b> Every attempt is signed anew. Throttling, faults of the service and lost connections are tried again, with growing pauses, five times in all;
/// nothing else is. An error of the service is an <see cref="AwsException"/>.</para>
/// <para><b>Does not promise.</b> That a request whose answer was lost was not carried out: callers look before they create again.</para>
/// </remarks>
/// <param name="surroundings">Clock, network, endpoints.</param>
/// <param name="credentials">Asked before every attempt: temporary keys are renewed during long waits.</param>
/// <param name="region">Where the services are.</param>
internal sealed class AwsCaller(AwsSurroundings surroundings, Func<CancellationToken, ValueTask<AwsCredentials>> credentials, string region)
{
    /// <summary>The body of the query protocol.</summary>
    public const string Form = "application/x-www-form-urlencoded; charset=utf-8";

    /// <summary>The body of the JSON protocol.</summary>
    public const string Json = "application/x-amz-json-1.1";

    private const int Attempts = 5;

    /// <summary>Where the services are.</summary>
    public string Region => region;

    /// <summary>The clock.</summary>
    public TimeProvider Time => surroundings.Time;

    /// <summary>The key that the next request would be signed with.</summary>
    /// <exception cref="KeyferryException">There is none.</exception>
    public ValueTask<AwsCredentials> CredentialsAsync(CancellationToken stop) => credentials(stop);

    /// <summary>Posts one request.</summary>
    /// <param name="call">Which one.</param>
    /// <param name="type"><see cref="Form"/> or <see cref="Json"/>.</param>
    /// <param name="target">The value of <c>X-Amz-Target</c> in the JSON protocol, or <see langword="null"/>.</param>
    /// <param name="body">What is asked.</param>
    /// <param name="readError">Reads code and message from the body of an error.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="AwsException">The service refused.</exception>
    /// <exception cref="KeyferryException">It cannot be reached, or there are no credentials.</exception>
    public async ValueTask<string> PostAsync(
        AwsCall call,
        string type,
        string? target,
        string body,
        Func<string, (string Code, string Message)> readError,
        CancellationToken stop
    )
    {
        var endpoint = AwsPartition.Endpoint(surroundings, call.Service, region);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                using var request = await SignedAsync(call, endpoint, type, target, body, stop);
                using var answer = await surroundings.Http.SendAsync(request, stop);
                var text = await answer.Content.ReadAsStringAsync(stop);
                if (answer.IsSuccessStatusCode)
                {
                    return text;
                }

                var (code, message) = readError(text);
                throw new AwsException(call, code.Length > 0 ? code : $"HTTP {(int)answer.StatusCode}", message, (int)answer.StatusCode)
                {
                    Region = region,
                };
            }
            catch (AwsException passing) when (passing.IsPassing && attempt < Attempts)
            {
                await PauseAsync(attempt, stop);
            }
            catch (Exception lost) when (IsLost(lost, stop))
            {
                if (attempt == Attempts)
                {
                    throw new KeyferryException(
                        FailureKind.Unreachable,
                        $"{endpoint.Host} cannot be reached: {lost.Message}",
                        $"Check the network and the region ({region}); in a VPC without a way out, {call.Service} needs an interface endpoint.",
                        lost
                    );
                }

                await PauseAsync(attempt, stop);
            }
        }
    }

    // An HttpClient reports its own time-out as a cancellation that nobody asked for.
    private static bool IsLost(Exception failed, CancellationToken stop) =>
        failed is HttpRequestException or IOException || (failed is OperationCanceledException && !stop.IsCancellationRequested);

    private Task PauseAsync(int attempt, CancellationToken stop) =>
        Task.Delay(surroundings.RetryPause * Math.Pow(2, attempt - 1) * (0.5 + (Random.Shared.NextDouble() / 2)), surroundings.Time, stop);

    private async ValueTask<HttpRequestMessage> SignedAsync(
        AwsCall call,
        Uri endpoint,
        string type,
        string? target,
        string body,
        CancellationToken stop
    )
    {
        var key = await credentials(stop);
        var bytes = Encoding.UTF8.GetBytes(body);
        var signature = new SignatureV4(key, region, call.Service, surroundings.Time.GetUtcNow());
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["content-type"] = type,
            ["host"] = endpoint.IsDefaultPort ? endpoint.Host : $"{endpoint.Host}:{endpoint.Port}",
            ["x-amz-date"] = signature.Timestamp,
        };
        if (target is not null)
        {
            headers["x-amz-target"] = target;
        }

        if (key.SessionToken is { } token)
        {
            headers["x-amz-security-token"] = token.Reveal();
        }

        var request = new HttpRequestMessage(HttpMethod.Post, endpoint) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        foreach (var (name, value) in headers.Where(static header => header.Key.StartsWith("x-amz-", StringComparison.Ordinal)))
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        if (key != AwsCredentials.None)
        {
            var authorization = signature.Authorize("POST", endpoint.AbsolutePath, "", headers, bytes);
            _ = request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        request.Headers.UserAgent.ParseAdd("keyferry");
        return request;
    }
}
