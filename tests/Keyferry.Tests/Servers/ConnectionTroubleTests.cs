using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Tests.Servers;

/// <summary>What is said of a node that cannot be reached leads to what mends it.</summary>
public sealed class ConnectionTroubleTests
{
    [Fact]
    public void A_node_that_wants_a_certificate_is_told_as_any_server_that_does()
    {
        var node = new Endpoint { Host = "node", Tls = true };
        var refused = ConnectionTrouble.Dial(new TlsException(TlsFault.CertificateWanted, "it wants a certificate"), node, "source");

        var said = ConnectionTrouble.Node(new IOException(refused.Saw, refused), new Endpoint { Host = "cluster", Tls = true }, "source");

        Assert.Contains("node:6379", said.Saw, StringComparison.Ordinal);
        Assert.Contains("--source-tls-cert", said.Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis+sentinel://watcher:26379/service", "sentinels", "CLUSTER SLOTS")]
    [InlineData("redis://node:6379", "CLUSTER SLOTS", "sentinels")]
    public void Where_the_address_came_from_is_where_to_look(string uri, string told, string not)
    {
        var said = ConnectionTrouble.Node(new IOException("nothing listens there"), EndpointUri.Parse(uri, "source"), "source");

        Assert.Contains(told, said.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain(not, said.Remedy, StringComparison.Ordinal);
    }
}
