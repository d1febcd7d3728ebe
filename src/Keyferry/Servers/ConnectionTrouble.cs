using Keyferry.Model;
using Keyferry.Resp;

namespace Keyferry.Servers;

/// <summary>Turns what a server or the network said while connecting into what it means and what to do. One place, so that every command says it alike.</summary>
internal static class ConnectionTrouble
{
    /// <summary>The stream could not be opened.</summary>
    public static KeyferryException Dial(IOException failed, Endpoint endpoint, string role)
    {
        if (failed is TlsException tls)
        {
            return TlsTrouble.Explain(tls, endpoint, role);
        }

        var text = failed.Message;
        var remedy = text switch
        {
            _ when text.Contains("is not known", StringComparison.Ordinal) =>
                "Check the spelling of the host, and that this machine resolves names of that network.",
            _ when text.Contains("nothing listens", StringComparison.Ordinal) => "Check host and port, and that the server is running.",
            _ => "Check route and firewall (security group) between this machine and the server.",
        };
        return new KeyferryException(FailureKind.Unreachable, $"Cannot reach the {role} {endpoint}: {text}.", remedy, failed);
    }

    /// <summary>The stream opened but died before the first reply.</summary>
    public static KeyferryException Greeting(IOException broken, Endpoint endpoint, string role) =>
        broken is TlsException tls
            ? TlsTrouble.Explain(tls, endpoint, role)
            : new(
                FailureKind.Unreachable,
                $"The {role} {endpoint} accepted the connection but gave no usable reply: {broken.Message}.",
                endpoint.Tls
                    ? "Check that a Redis-compatible server listens there."
                    : "If the server speaks TLS, use rediss:// instead of redis://. Otherwise check that a Redis-compatible server listens there.",
                broken
            );

    /// <summary>A node of the cluster, or the primary that the sentinels have named, cannot be reached.</summary>
    public static KeyferryException Node(IOException lost, Endpoint endpoint, string role)
    {
        if (lost.InnerException is KeyferryException { InnerException: TlsException } tls)
        {
            return tls;
        }

        var why = lost.Message.TrimEnd('.');
        return endpoint.Sentinel is null
            ? new(
                FailureKind.Unreachable,
                $"A node of the {role}, the cluster at {endpoint}, cannot be reached: {why}.",
                "Check that the addresses in CLUSTER SLOTS lead to the nodes from this machine, too (cluster-announce-ip, cluster-announce-port).",
                lost
            )
            : new(
                FailureKind.Unreachable,
                $"The primary of the {role} {endpoint} cannot be reached: {why}.",
                "Check that the address that the sentinels tell leads to it from this machine, too (replica-announce-ip, sentinel announce-ip), and for TLS the options of the servers.",
                lost
            );
    }

    /// <summary>A sentinel was named as if it were the server that it watches over.</summary>
    public static KeyferryException Sentinel(Endpoint endpoint, string role) =>
        new(
            FailureKind.Usage,
            $"The {role} {endpoint} is a sentinel, which holds no keys itself.",
            $"Name the service that it watches over: redis+sentinel://{endpoint}/SERVICE (SENTINEL MASTERS lists them)."
        );

    /// <summary>Some slots of a cluster have no owner.</summary>
    public static KeyferryException Uncovered(IReadOnlyList<(int First, int Last)> ranges, Endpoint endpoint, string role)
    {
        const int named = 5;
        var slots = ranges.Sum(static range => range.Last - range.First + 1);
        var first = string.Join(",", ranges.Take(named).Select(static range => $"{range.First}-{range.Last}"));
        return new KeyferryException(
            FailureKind.Refused,
            $"The {role}, the cluster at {endpoint}, has no owner for {slots:#,0} of its slots ({first}{(ranges.Count > named ? ", ..." : "")}): their keys cannot be reached, and none at all while cluster-require-full-coverage is yes.",
            "Bring the missing nodes back, or give the slots to others (redis-cli --cluster fix), until CLUSTER INFO says cluster_state:ok."
        );
    }

    /// <summary>The server refused the first commands.</summary>
    public static KeyferryException Login(ServerErrorException refused, Endpoint endpoint, string role)
    {
        var (kind, means, remedy) = refused.Code switch
        {
            "NOAUTH" => (
                FailureKind.Unreachable,
                "it wants a password, and none was given",
                $"Give it in the {role}'s URI, in {PasswordVariable(role)} or with {PasswordOption(role)}."
            ),
            "WRONGPASS" => (
                FailureKind.Unreachable,
                "it does not accept the user or the password",
                "Check both; a user that is off is refused with the same words."
            ),
            "LOADING" => (
                FailureKind.Unreachable,
                "it is still reading its data from disk",
                "Wait until it answers PING with PONG, then try again."
            ),
            "MASTERDOWN" => (
                FailureKind.Unreachable,
                "it is a replica that has lost its primary",
                "Wait for the failover, or name the primary."
            ),
            "DENIED" => (
                FailureKind.Unreachable,
                "it is in protected mode and takes no connections from other machines",
                "Set a password or protected-mode no on the server."
            ),
            "NOPERM" => (
                FailureKind.Unreachable,
                $"the user may not run {refused.Command}",
                $"Give the user the right: ACL SETUSER NAME +{refused.Command.ToLowerInvariant().Replace(' ', '|')}."
            ),
            _ when refused.Reply.Contains("max number of clients", StringComparison.OrdinalIgnoreCase) => (
                FailureKind.Unreachable,
                "it has no free connection left (maxclients)",
                "Raise maxclients or close idle clients."
            ),
            _ when refused.Command == "AUTH" && refused.Reply.Contains("without any password configured", StringComparison.Ordinal) => (
                FailureKind.Unreachable,
                "a password was given, but the server has none for the default user",
                "Leave the password out, or name the user it belongs to."
            ),
            _ when refused.Command == "AUTH" => (FailureKind.Unreachable, "it does not accept the password", "Check user and password."),
            _ => (
                FailureKind.Unreachable,
                "it refused the first command",
                "Check that this is a Redis-compatible server and what the user may do."
            ),
        };
        return new KeyferryException(
            kind,
            $"The {role} {endpoint} does not let Keyferry in: {means} ({Short(refused.Reply)}).",
            remedy,
            refused
        );
    }

    // Commands of one server call it the server, and need no word to tell it from another.
    private static string PasswordVariable(string role) =>
        role == "server" ? "KEYFERRY_PASSWORD" : $"KEYFERRY_{role.ToUpperInvariant()}_PASSWORD";

    private static string PasswordOption(string role) => role == "server" ? "--password-file" : $"--{role}-password-file";

    private static string Short(string reply) => reply.Length > 160 ? reply[..160] + "..." : reply.TrimEnd('.');
}
