using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Cli.Input;

/// <summary>The source under the names that migration guides use: <c>REDIS_SOURCE_HOST</c>, <c>_PORT</c>, <c>_PASSWORD</c>, <c>_TLS</c>.</summary>
internal static class GuideVariables
{
    /// <summary>The endpoint they name, or <see langword="null"/> where there is no host.</summary>
    /// <exception cref="KeyferryException">The port or the switch is not usable.</exception>
    public static Endpoint? Read(Surroundings surroundings)
    {
        if (surroundings.Guide("REDIS_SOURCE_HOST") is not { } host)
        {
            return null;
        }

        var password = surroundings.Guide("REDIS_SOURCE_PASSWORD");
        var endpoint = new Endpoint
        {
            Host = host,
            Port = PortOf(surroundings.Guide("REDIS_SOURCE_PORT")),
            Tls = IsOn(surroundings.Guide("REDIS_SOURCE_TLS")),
            Password = password is null ? null : new Secret(password),
        };
        surroundings.Mask.Add(endpoint.Password);
        return endpoint;
    }

    private static int PortOf(string? text) =>
        text is null ? 6379
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= 65535 ? port
        : throw new KeyferryException(
            FailureKind.Usage,
            $"REDIS_SOURCE_PORT is \"{text}\".",
            "Write a number from 1 to 65535, or leave it out for 6379."
        );

    private static bool IsOn(string? text) =>
        text?.ToLowerInvariant() switch
        {
            null or "false" or "0" or "no" => false,
            "true" or "1" or "yes" => true,
            _ => throw new KeyferryException(FailureKind.Usage, $"REDIS_SOURCE_TLS is \"{text}\".", "Write true or false."),
        };
}
