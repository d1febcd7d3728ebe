namespace Keyferry.Aws.Calls;

/// <summary>What the AWS client may touch of the world: variables, files, time, the network.</summary>
internal sealed record AwsSurroundings
{
    /// <summary>Reads one environment variable; <see langword="null"/> where it is not set.</summary>
    public required Func<string, string?> Variable { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Sends requests; its time-out bounds one attempt.</summary>
    public required HttpClient Http { get; init; }

    /// <summary>An endpoint for every service, in place of AWS's own (<c>--endpoint-url</c>); <see langword="null"/> for none.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>The region that was asked for by option; <see langword="null"/> for none.</summary>
    public string? Region { get; init; }

    /// <summary>Before the second try of a call; each further pause is twice as long.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>The variable's value, or <see langword="null"/> where it is not set or empty.</summary>
    public string? Set(string name) => Variable(name) is { Length: > 0 } value ? value : null;
}
