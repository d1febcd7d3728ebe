using System.Globalization;
using Keyferry.Model;

namespace Keyferry.Cli.Amazon;

/// <summary>What a stack's parameters say of the target. The task would find a mistake out only when it runs, far away and unseen.</summary>
internal static class StackTarget
{
    /// <summary>The target's URI.</summary>
    public const string Uri = "TargetRedisURI";

    private const string SecretArn = "TargetSecretArn";
    private const string Port = "TargetPort";

    /// <summary>Checks the target, lets the task out to its port, and says what should be known of it.</summary>
    /// <param name="given">The parameters; <c>TargetPort</c> is added where it follows from the URI.</param>
    /// <param name="isNew">Whether there is no stack yet, whose target could stay.</param>
    /// <param name="surroundings">Takes the warnings; masks the URI.</param>
    /// <exception cref="KeyferryException">The target is not named, named twice, or cannot be reached by a task.</exception>
    public static void Complete(Dictionary<string, string> given, bool isNew, Surroundings surroundings)
    {
        var (uri, secret) = (given.GetValueOrDefault(Uri, ""), given.GetValueOrDefault(SecretArn, ""));
        if (uri.Length > 0 && secret.Length > 0)
        {
            throw new KeyferryException(FailureKind.Usage, $"Both {Uri} and {SecretArn} were given.", "Name the target once.");
        }

        if (isNew && uri.Length == 0 && secret.Length == 0)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                "No target was given.",
                $"Give --parameter {SecretArn}=ARN of a secret that holds the target's URI, or --parameter {Uri}=rediss://:PASSWORD@HOST:PORT."
            );
        }

        if (uri.Length > 0)
        {
            surroundings.Mask.Add(new Secret(uri));
            Follow(given, PortOf(uri, surroundings));
            Displace(given, SecretArn, isNew);
        }
        else if (secret.Length > 0 && !isNew)
        {
            // The port of the target before this one would shut the new one off.
            Follow(given, 0);
            Displace(given, Uri, isNew);
        }
    }

    // A stack keeps what it is not told, and must not be left with two targets.
    private static void Displace(Dictionary<string, string> given, string other, bool isNew)
    {
        if (!isNew)
        {
            given[other] = "";
        }
    }

    // 0 where the URI does not tell the port; the template then lets the task out to any.
    private static int PortOf(string uri, Surroundings surroundings)
    {
        if (CacheUri.IsOne(uri))
        {
            var cache = CacheUri.Parse(uri, "target");
            NotePassword(cache.Password, surroundings);
            return cache is { Iam: false, SecretId: null }
                ? 0
                : throw new KeyferryException(
                    FailureKind.Usage,
                    $"The stack's task may not log in to the target {cache.Id}: its role has rights on the source only.",
                    $"Write the target with its password: rediss://user:password@host:port, best in a secret that {SecretArn} names."
                );
        }

        var endpoint = EndpointUri.Parse(uri, "target");
        NotePassword(endpoint.Password, surroundings);
        if (!endpoint.Tls)
        {
            surroundings.Error.WriteLine(
                $"warning: the target {endpoint.Host} is named without TLS (redis://): its password and everything that is copied go in clear over the network. "
                    + "Where the target speaks TLS, write rediss://"
            );
        }

        return endpoint.Sentinel is null ? endpoint.Port : 0;
    }

    private static void NotePassword(Secret? password, Surroundings surroundings)
    {
        if (password is null)
        {
            return;
        }

        surroundings.Mask.Add(password);
        surroundings.Error.WriteLine(
            $"note: the target's password stands on the command line, where other users of this machine can read it; {SecretArn} keeps it out of there"
        );
    }

    private static void Follow(Dictionary<string, string> given, int port)
    {
        var text = port.ToString(CultureInfo.InvariantCulture);
        if (!given.TryGetValue(Port, out var named))
        {
            given[Port] = text;
        }
        else if (port != 0 && named is not "0" && named != text)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"{Port}={named} would let the task out to that port only, and {Uri} names port {text}.",
                $"Leave {Port} out: it follows from the URI. {Port}=0 lets the task out to any port, for a cluster whose nodes listen on others."
            );
        }
    }
}
