using Keyferry.Migration;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class SecretTests
{
    private const string Word = "hunter2-and-more";

    [Fact]
    public void A_secret_prints_nowhere_not_even_in_what_holds_it()
    {
        var endpoint = EndpointUri.Parse($"redis://anna:{Word}@host:6379/1", "source");
        var options = new MigrationOptions { Source = endpoint, Target = endpoint with { User = null } };

        Assert.Equal(Word, endpoint.Password?.Reveal());
        Assert.All(
            [$"{endpoint.Password}", $"{endpoint}", $"{options}", $"{new { endpoint.Password, endpoint }}"],
            static text => Assert.DoesNotContain(Word, text, StringComparison.Ordinal)
        );
    }

    [Theory]
    [InlineData($"redis://anna:{Word}@host:port")]
    [InlineData($"redis://anna:{Word}@host:6379/database")]
    [InlineData($"redis://anna:{Word}/@host:6379")]
    [InlineData($"redis://anna:{Word}@")]
    [InlineData($"http://anna:{Word}@host:6379")]
    public void A_URI_that_cannot_be_read_is_not_repeated(string uri)
    {
        var refused = Assert.Throws<KeyferryException>(() => EndpointUri.Parse(uri, "source"));

        Assert.DoesNotContain(Word, refused.ToString(), StringComparison.Ordinal);
    }
}
