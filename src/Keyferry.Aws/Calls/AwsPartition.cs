namespace Keyferry.Aws.Calls;

/// <summary>Where the services of a region are, and how its resources are named.</summary>
internal static class AwsPartition
{
    /// <summary><c>aws</c>, <c>aws-cn</c> or <c>aws-us-gov</c>.</summary>
    public static string Of(string region) =>
        region switch
        {
            _ when region.StartsWith("cn-", StringComparison.Ordinal) => "aws-cn",
            _ when region.StartsWith("us-gov-", StringComparison.Ordinal) => "aws-us-gov",
            _ => "aws",
        };

    /// <summary>The endpoint of <paramref name="service"/>: the option's, the environment's, or AWS's own.</summary>
    /// <remarks>The variables are those of the SDKs: <c>AWS_ENDPOINT_URL_ELASTICACHE</c> wins over <c>AWS_ENDPOINT_URL</c>.</remarks>
    public static Uri Endpoint(AwsSurroundings surroundings, string service, string region)
    {
        var name = service switch
        {
            "secretsmanager" => "SECRETS_MANAGER",
            "logs" => "CLOUDWATCH_LOGS",
            _ => service.ToUpperInvariant(),
        };
        var ignored = string.Equals(surroundings.Set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"), "true", StringComparison.OrdinalIgnoreCase);
        var given =
            surroundings.EndpointUrl
            ?? (ignored ? null : surroundings.Set($"AWS_ENDPOINT_URL_{name}") ?? surroundings.Set("AWS_ENDPOINT_URL"));
        if (given is null)
        {
            return new Uri($"https://{service}.{region}.amazonaws.com{(Of(region) == "aws-cn" ? ".cn" : "")}/");
        }

        return Uri.TryCreate(given, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new Model.KeyferryException(
                Model.FailureKind.Usage,
                $"The endpoint {given} is no http or https URL.",
                "Write --endpoint-url http://host:port, or unset AWS_ENDPOINT_URL."
            );
    }
}
