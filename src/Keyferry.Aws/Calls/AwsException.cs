namespace Keyferry.Aws.Calls;

/// <summary>A service answered with an error. The code is for decisions; for an operator it is put into words elsewhere.</summary>
internal sealed class AwsException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="call">Which service and which action.</param>
    /// <param name="code">Such as <c>CacheClusterNotFound</c>.</param>
    /// <param name="message">The service's own words.</param>
    /// <param name="status">HTTP status.</param>
    public AwsException(AwsCall call, string code, string message, int status)
        : base($"{call}: {code}: {message}") => (Call, Code, Said, Status) = (call, code, message, status);

    /// <summary>Which service and which action.</summary>
    public AwsCall Call { get; }

    /// <summary>Where it was asked.</summary>
    public string Region { get; init; } = "*";

    /// <summary>The error's name on the wire.</summary>
    public string Code { get; }

    /// <summary>The service's own words.</summary>
    public string Said { get; }

    /// <summary>HTTP status.</summary>
    public int Status { get; }

    /// <summary>Whether the same call may succeed a little later: throttling, or a fault of the service.</summary>
    public bool IsPassing => Status >= 500 || IsThrottling;

    /// <summary>Whether a permission is missing.</summary>
    public bool IsDenied => Code is "AccessDenied" or "AccessDeniedException" or "UnauthorizedOperation";

    private bool IsThrottling =>
        Code is "Throttling" or "ThrottlingException" or "RequestLimitExceeded" or "TooManyRequestsException" or "SlowDown"
        || Status == 429;

    /// <summary>Whether the thing that was asked for does not exist.</summary>
    public bool IsAbsent => Code.Contains("NotFound", StringComparison.Ordinal);
}

/// <summary>Which service and which action.</summary>
/// <param name="Service">As in policies: <c>elasticache</c>, <c>ec2</c>, <c>cloudformation</c>, <c>sts</c>, <c>secretsmanager</c>, <c>logs</c>.</param>
/// <param name="Action">Such as <c>DescribeCacheClusters</c>.</param>
internal readonly record struct AwsCall(string Service, string Action)
{
    /// <summary>As in policies: <c>elasticache:DescribeCacheClusters</c>.</summary>
    public override string ToString() => $"{Service}:{Action}";
}
