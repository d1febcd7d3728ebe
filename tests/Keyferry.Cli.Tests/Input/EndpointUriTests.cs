using Keyferry.Model;

namespace Keyferry.Cli.Tests.Input;

public sealed class EndpointUriTests
{
    [Theory]
    [InlineData("somewhere", "somewhere", 6379, false, null)]
    [InlineData("somewhere:7000", "somewhere", 7000, false, null)]
    [InlineData("redis://somewhere", "somewhere", 6379, false, null)]
    [InlineData("redis://somewhere/", "somewhere", 6379, false, null)]
    [InlineData("redis://somewhere:7000/15", "somewhere", 7000, false, 15)]
    [InlineData("somewhere/3", "somewhere", 6379, false, 3)]
    [InlineData("valkey://somewhere", "somewhere", 6379, false, null)]
    [InlineData("REDISS://somewhere", "somewhere", 6379, true, null)]
    [InlineData("valkeys://somewhere:1", "somewhere", 1, true, null)]
    [InlineData("10.0.0.1:65535", "10.0.0.1", 65535, false, null)]
    [InlineData("redis://[fe80::1]:7000/2", "fe80::1", 7000, false, 2)]
    [InlineData("[::1]", "::1", 6379, false, null)]
    [InlineData("redis://[fe80::1%eth0]", "fe80::1%eth0", 6379, false, null)]
    [InlineData(" somewhere ", "somewhere", 6379, false, null)]
    public void Servers_are_named_in_the_forms_that_people_know(string text, string host, int port, bool tls, int? database)
    {
        var endpoint = EndpointUri.Parse(text, "source");
        Assert.Equal((host, port, tls, database), (endpoint.Host, endpoint.Port, endpoint.Tls, endpoint.Database));
        Assert.Null(endpoint.User);
        Assert.Null(endpoint.Password);
    }

    [Theory]
    [InlineData("redis://me:pw@h", "me", "pw")]
    [InlineData("redis://:pw@h", null, "pw")]
    [InlineData("redis://me@h", "me", null)]
    [InlineData("redis://me:@h", "me", "")]
    [InlineData("redis://me:p%40%2Fw%3A@h", "me", "p@/w:")]
    [InlineData("redis://me:p@w:x@h", "me", "p@w:x")]
    [InlineData("me:pw@h:7000", "me", "pw")]
    public void User_and_password_stand_before_the_host(string text, string? user, string? password)
    {
        var endpoint = EndpointUri.Parse(text, "source");
        Assert.Equal("h", endpoint.Host);
        Assert.Equal((user, password), (endpoint.User, endpoint.Password?.Reveal()));
        Assert.DoesNotContain("pw", endpoint.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("redis://")]
    [InlineData("http://h")]
    [InlineData("h:")]
    [InlineData("h:port")]
    [InlineData("h:0")]
    [InlineData("h:65536")]
    [InlineData("h:-1")]
    [InlineData("h/db0")]
    [InlineData("h/-1")]
    [InlineData("two words")]
    [InlineData("redis://me:hunter2@")]
    [InlineData("redis://me:hun/ter2@h")]
    [InlineData("redis://me:hunter2@h:port")]
    [InlineData("redis://me:hunter2@h/db")]
    public void What_is_none_of_them_is_refused_without_repeating_it(string text)
    {
        var failure = Assert.Throws<KeyferryException>(() => EndpointUri.Parse(text, "target"));
        Assert.Equal(FailureKind.Usage, failure.Kind);
        Assert.StartsWith("The target URI ", failure.Saw, StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("::1")]
    [InlineData("redis://::1:6379")]
    [InlineData("redis://fe80::1:7000/2")]
    [InlineData("redis://[::1")]
    [InlineData("redis://[::1:6379")]
    [InlineData("redis://[somewhere]:6379")]
    [InlineData("redis://[]:6379")]
    [InlineData("redis+sentinel://::1:26379/mymaster")]
    public void An_IPv6_address_that_does_not_stand_in_brackets_is_refused_and_told_how(string text)
    {
        var failure = Assert.Throws<KeyferryException>(() => EndpointUri.Parse(text, "source"));
        Assert.Equal(FailureKind.Usage, failure.Kind);
        Assert.Contains("brackets", failure.Saw, StringComparison.Ordinal);
        Assert.Contains("[::1]:6379", failure.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://[::1]6379")]
    [InlineData("redis://[::1]:")]
    [InlineData("redis://[::1]:port")]
    public void A_port_stands_behind_the_brackets(string text) =>
        Assert.Contains("port", Assert.Throws<KeyferryException>(() => EndpointUri.Parse(text, "source")).Saw, StringComparison.Ordinal);

    [Fact]
    public void Sentinels_name_the_service_that_they_watch_over()
    {
        var endpoint = EndpointUri.Parse("redis+sentinel://u:p@10.0.0.1,[::1]:26380/mymaster/3", "source");

        Assert.Equal("mymaster (sentinels 10.0.0.1:26379, [::1]:26380)", endpoint.ToString());
        Assert.Equal((3, "u", "p"), (endpoint.Database, endpoint.User, endpoint.Password?.Reveal()));
        Assert.False(endpoint.Tls);
        Assert.True(EndpointUri.Parse("rediss+sentinel://10.0.0.1/mymaster", "source").Tls);
    }

    [Theory]
    [InlineData("rediss+sentinel://10.0.0.1/mymaster", true, null)]
    [InlineData("rediss+sentinel://10.0.0.1/mymaster/3?sentinels=plain", true, false)]
    [InlineData("redis+sentinel://10.0.0.1/mymaster?sentinels=tls", false, true)]
    public void Sentinels_may_speak_TLS_where_the_servers_do_not_and_the_other_way_round(string text, bool servers, bool? sentinels)
    {
        var endpoint = EndpointUri.Parse(text, "source");

        Assert.Equal(servers, endpoint.Tls);
        Assert.Equal(sentinels, endpoint.Sentinel?.Tls);
        Assert.Equal("mymaster", endpoint.Sentinel?.Service);
    }

    [Theory]
    [InlineData("rediss+sentinel://10.0.0.1/mymaster?tls=no", "source")]
    [InlineData("rediss+sentinel://10.0.0.1/mymaster?sentinels=", "source")]
    [InlineData("redis+sentinel://10.0.0.1", "source")]
    [InlineData("redis+sentinel://10.0.0.1/", "source")]
    [InlineData("redis+sentinel://10.0.0.1/mymaster/x", "source")]
    [InlineData("redis+sentinel://10.0.0.1/mymaster/1/2", "source")]
    [InlineData("redis+sentinel://10.0.0.1/mymaster", "server")]
    public void Sentinels_without_a_service_are_refused(string text, string role) =>
        Assert.Equal(FailureKind.Usage, Assert.Throws<KeyferryException>(() => EndpointUri.Parse(text, role)).Kind);
}
