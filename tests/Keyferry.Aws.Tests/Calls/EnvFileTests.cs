using Keyferry.Cli.Input;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Calls;

public sealed class EnvFileTests
{
    [Fact]
    public void Known_names_are_read_in_every_usual_spelling_and_others_are_left_alone()
    {
        var file = EnvFile.Parse([
            "# comment",
            "REDIS_SOURCE_HOST = shop.example",
            "export REDIS_SOURCE_PORT='6380'",
            "REDIS_SOURCE_PASSWORD=\"p # w\"",
            "REDIS_SOURCE_TLS=true # yes",
            "AWS_SECRET_ACCESS_KEY=none of our business",
            "ELASTICACHE_CLUSTER_ID=",
            "no equals sign",
        ]);
        Assert.Equal(
            ("shop.example", "6380", "p # w", "true"),
            (file.Get("REDIS_SOURCE_HOST"), file.Get("REDIS_SOURCE_PORT"), file.Get("REDIS_SOURCE_PASSWORD"), file.Get("REDIS_SOURCE_TLS"))
        );
        Assert.Null(file.Get("AWS_SECRET_ACCESS_KEY"));
        Assert.Null(file.Get("ELASTICACHE_CLUSTER_ID"));
    }

    [Fact]
    public void Tokens_of_IAM_never_print()
    {
        var text = new SecretMask().Clean("shop/?Action=connect&X-Amz-Security-Token=abc%2F&X-Amz-Signature=0123 refused");
        Assert.Equal("shop/?Action=connect&X-Amz-Security-Token=***&X-Amz-Signature=*** refused", text);
    }
}
