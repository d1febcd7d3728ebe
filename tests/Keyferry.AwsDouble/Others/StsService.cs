using System.Globalization;
using System.Xml.Linq;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.Others;

/// <summary>STS: who am I, and roles.</summary>
internal sealed class StsService : IService
{
    /// <summary>The only token of a web identity that is good.</summary>
    public const string WebToken = "a.web.token";

    public XNamespace Space => "https://sts.amazonaws.com/doc/2011-06-15/";

    public IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; } =
        new Dictionary<string, Func<Question, Task<object?>>>(StringComparer.Ordinal)
        {
            ["GetCallerIdentity"] = static question =>
            {
                question.NothingElse();
                return Task.FromResult<object?>(
                    new object[]
                    {
                        new XElement("Arn", $"arn:aws:sts::{AwsServer.Account}:assumed-role/tester/session"),
                        new XElement("UserId", "AROAEXAMPLE:session"),
                        new XElement("Account", AwsServer.Account),
                    }
                );
            },
            ["AssumeRole"] = static question =>
            {
                _ = (
                    question.Need("RoleArn"),
                    question.Need("RoleSessionName"),
                    question.Get("ExternalId"),
                    question.Number("DurationSeconds")
                );
                question.NothingElse();
                return Task.FromResult<object?>(Key());
            },
            ["AssumeRoleWithWebIdentity"] = static question =>
            {
                _ = (question.Need("RoleArn"), question.Need("RoleSessionName"), question.Number("DurationSeconds"));
                if (question.Need("WebIdentityToken") != WebToken)
                {
                    throw new RefusalException(
                        "InvalidIdentityToken",
                        "The web identity token that was passed could not be validated by AWS."
                    );
                }

                question.NothingElse();
                return Task.FromResult<object?>(Key());
            },
        };

    public IEnumerable<string> ResourcesOf(Question question) => [question.Parameters.GetValueOrDefault("RoleArn", "*")];

    private static XElement Key() =>
        new(
            "Credentials",
            new XElement("AccessKeyId", AwsServer.RoleKey),
            new XElement("SecretAccessKey", AwsServer.SecretKey),
            new XElement("SessionToken", "assumed"),
            new XElement(
                "Expiration",
                TimeProvider.System.GetUtcNow().AddHours(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            )
        );
}
