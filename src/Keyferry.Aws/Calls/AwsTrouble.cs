using System.Text.RegularExpressions;
using Keyferry.Model;

namespace Keyferry.Aws.Calls;

/// <summary>Turns what AWS said into what it means and what to do. One place, so that every command says it alike.</summary>
internal static partial class AwsTrouble
{
    /// <summary>An error of a service.</summary>
    public static KeyferryException Explain(AwsException failed) =>
        failed switch
        {
            { IsDenied: true } => Denied(failed),
            { Code: "ExpiredToken" or "ExpiredTokenException" or "RequestExpired" } => new KeyferryException(
                FailureKind.Unreachable,
                $"AWS takes the credentials for expired: {failed.Said} ({failed.Call}).",
                "Log in again (aws sso login, or new temporary keys), and check this machine's clock: AWS allows it to be wrong by 15 minutes.",
                failed
            ),
            { Code: "InvalidClientTokenId" or "UnrecognizedClientException" or "AuthFailure" } => new KeyferryException(
                FailureKind.Unreachable,
                $"AWS does not know the access key: {failed.Said} ({failed.Call}).",
                "Check AWS_ACCESS_KEY_ID and AWS_SESSION_TOKEN, or the profile (AWS_PROFILE): aws sts get-caller-identity must succeed with the same.",
                failed
            ),
            { Code: "SignatureDoesNotMatch" or "IncompleteSignature" or "InvalidSignatureException" } => new KeyferryException(
                FailureKind.Unreachable,
                $"AWS does not accept the signature: {FirstLine(failed.Said)} ({failed.Call}).",
                "Check AWS_SECRET_ACCESS_KEY or the profile (a character may be missing), the region, and this machine's clock.",
                failed
            ),
            { Code: "OptInRequired" } => new KeyferryException(
                FailureKind.Unreachable,
                $"The account is not signed up for this region or service: {failed.Said} ({failed.Call}).",
                "Enable the region for the account, or name another one with --region.",
                failed
            ),
            { IsPassing: true } => new KeyferryException(
                FailureKind.Unreachable,
                $"{failed.Call} failed again and again: {failed.Code}: {failed.Said}",
                "Try again later; what was begun is recorded, and the same command goes on with it.",
                failed
            ),
            _ => new KeyferryException(
                FailureKind.Failed,
                $"{failed.Call} was refused: {failed.Code}: {failed.Said}",
                "What was done before this call is recorded; the same command goes on once the cause is mended, and restore undoes it.",
                failed
            ),
        };

    /// <summary>What the name of every parameter group begins with that Keyferry makes. The rest of the name is new each time.</summary>
    private const string OwnGroups = "parametergroup:keyferry-";

    /// <summary>The statement that allows the call, as it goes into a policy.</summary>
    public static string Statement(string action, string resource)
    {
        var resources = ResourcesFor(action, resource);
        var text = string.Join(", ", resources.Select(static one => $"\"{one}\""));
        return $$"""{"Effect": "Allow", "Action": "{{action}}", "Resource": {{(resources.Length == 1 ? text : $"[{text}]")}}}""";
    }

    // Giving a cache a group is allowed on the cache and on the group: one of Keyferry's, and one of AWS's when it is put back. A new cache names its subnet group as well.
    private static string[] ResourcesFor(string action, string resource)
    {
        var own = resource.IndexOf(OwnGroups, StringComparison.Ordinal);
        if (own >= 0)
        {
            return [resource[..(own + OwnGroups.Length)] + "*"];
        }

        var name = resource.LastIndexOf(":replicationgroup:", StringComparison.Ordinal) is >= 0 and var group
            ? group
            : resource.LastIndexOf(":cluster:", StringComparison.Ordinal);
        return (name >= 0, action) switch
        {
            (true, "elasticache:ModifyReplicationGroup" or "elasticache:ModifyCacheCluster") =>
            [
                resource,
                $"{resource[..name]}:{OwnGroups}*",
                $"{resource[..name]}:parametergroup:default.*",
            ],
            (true, "elasticache:CreateReplicationGroup") =>
            [
                resource,
                $"{resource[..name]}:{OwnGroups}*",
                $"{resource[..name]}:subnetgroup:*",
            ],
            _ => [resource],
        };
    }

    /// <summary>Policies take ARNs only. Secrets Manager names a secret as it was asked for it; its ARN ends in six characters more.</summary>
    private static string ArnOf(AwsException failed, string who, string resource)
    {
        if (resource == "*" || resource.StartsWith("arn:", StringComparison.Ordinal))
        {
            return resource;
        }

        // arn:aws:sts::111122223333:assumed-role/...: what is named without its account is in the caller's.
        var (partition, account) = who.Split(':') is ["arn", var first, _, _, { Length: > 0 } fifth, ..] ? (first, fifth) : ("aws", "*");
        return failed.Call.Service == "secretsmanager"
            ? $"arn:{partition}:secretsmanager:{failed.Region}:{account}:secret:{resource}-*"
            : "*";
    }

    private static KeyferryException Denied(AwsException failed)
    {
        var said = NotAuthorized().Match(failed.Said);
        var action = said.Groups["action"] is { Success: true, Value: var named } ? named : failed.Call.ToString();
        var resource = said.Groups["resource"] is { Success: true, Value: var on } ? on : "*";
        var who = said.Groups["who"].Value;
        var saw = $"Access denied: the permissions{(who.Length > 0 ? $" of {who}" : "")} do not allow {action} on {resource}.";
        if (failed.Said.Contains("explicit deny", StringComparison.Ordinal))
        {
            var where = failed.Said.Contains("service control policy", StringComparison.Ordinal)
                ? "a service control policy of the organization"
                : "a policy";
            return new KeyferryException(
                FailureKind.Refused,
                $"{saw} {where} denies it explicitly, so that no further permission helps.",
                $"Let an administrator take {action} out of that denial, or use another account.",
                failed
            );
        }

        return new KeyferryException(
            FailureKind.Refused,
            saw,
            $"Add this statement to a policy of that identity: {Statement(action, ArnOf(failed, who, resource))}",
            failed
        );
    }

    private static string FirstLine(string text) => text.Split('\n', 2)[0];

    [GeneratedRegex(
        @"(?:User: (?<who>\S+) is )?not authorized to perform: (?<action>[a-z0-9-]+:\w+)(?: on resource: (?<resource>\S+))?",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000
    )]
    private static partial Regex NotAuthorized();
}
