using System.Text;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Tests.Servers;

public sealed class SlotMapTests
{
    private static readonly Endpoint Asked = new() { Host = "10.0.0.9", Port = 7000 };

    [Fact]
    public void Ranges_lead_to_their_primary_and_replicas_are_known()
    {
        var map = Parse(
            "*2\r\n*4\r\n:0\r\n:8191\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$1\r\na\r\n*3\r\n$8\r\n10.0.0.3\r\n:7003\r\n$1\r\nc\r\n"
                + "*3\r\n:8192\r\n:16383\r\n*3\r\n$8\r\n10.0.0.2\r\n:7002\r\n$1\r\nb\r\n"
        );

        Assert.Equal(new ClusterNode("a", "10.0.0.1", 7001), map.OwnerOf(8191));
        Assert.Equal(new ClusterNode("b", "10.0.0.2", 7002), map.OwnerOf(8192));
        Assert.Equal(2, map.Primaries.Count);
        Assert.Equal([new ClusterNode("c", "10.0.0.3", 7003)], map.Replicas);
        Assert.Equal(8192, map.FirstSlotOf(map.Primaries[1]));
    }

    [Fact]
    public void Slots_without_an_owner_are_told_as_ranges()
    {
        const string node = "*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$1\r\na\r\n";
        Assert.Empty(Parse($"*1\r\n*3\r\n:0\r\n:16383\r\n{node}").Uncovered);
        Assert.Equal(
            [(0, 0), (8192, 8193), (16001, 16383)],
            Parse($"*2\r\n*3\r\n:1\r\n:8191\r\n{node}*3\r\n:8194\r\n:16000\r\n{node}").Uncovered
        );
    }

    [Theory]
    [InlineData("$-1\r\n", "10.0.0.9")]
    [InlineData("$0\r\n\r\n", "10.0.0.9")]
    [InlineData("$6\r\nnode-a\r\n", "node-a")]
    public void A_node_that_does_not_tell_its_address_is_where_it_was_asked(string host, string expected) =>
        Assert.Equal(expected, Parse($"*1\r\n*3\r\n:0\r\n:1\r\n*3\r\n{host}:7001\r\n$1\r\na\r\n").OwnerOf(0)?.Host);

    [Fact]
    public void A_node_without_the_preferred_host_name_is_reached_by_its_address() =>
        Assert.Equal(
            "10.1.1.1",
            Parse("*1\r\n*3\r\n:0\r\n:1\r\n*4\r\n$1\r\n?\r\n:7001\r\n$1\r\na\r\n*2\r\n$2\r\nip\r\n$8\r\n10.1.1.1\r\n").OwnerOf(0)?.Host
        );

    [Fact]
    public void A_redirection_moves_one_slot()
    {
        var map = Parse("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$8\r\n10.0.0.1\r\n:7001\r\n$1\r\na\r\n");
        Assert.True(Redirection.TryParse("MOVED 77 10.0.0.2:7002", out var to));

        var moved = map.With(to.Slot, to.Host, to.Port);

        Assert.Equal(7002, moved.OwnerOf(77)?.Port);
        Assert.Equal(7001, moved.OwnerOf(78)?.Port);
        Assert.Equal(1, moved.Differences(map).Count);
    }

    [Theory]
    [InlineData("ASK 5 ::1:7001", true, 5, "::1", 7001)]
    [InlineData("MOVED 16383 :7001", false, 16383, "", 7001)]
    public void Redirections_are_read(string reply, bool isAsk, int slot, string host, int port)
    {
        Assert.True(Redirection.TryParse(reply, out var to));
        Assert.Equal(new Redirection(isAsk, slot, host, port), to);
    }

    [Theory]
    [InlineData("MOVED 16384 10.0.0.1:7001")]
    [InlineData("MOVED x 10.0.0.1:7001")]
    [InlineData("ERR unknown command")]
    [InlineData("MOVED 1 nowhere")]
    public void Anything_else_is_none(string reply) => Assert.False(Redirection.TryParse(reply, out _));

    [Theory]
    [InlineData("DUMP k", "k", true)]
    [InlineData("RESTORE k 0 payload", "k", false)]
    [InlineData("object ENCODING k", "k", true)]
    [InlineData("XINFO STREAM k", "k", true)]
    [InlineData("EVAL script 1 k v", "k", false)]
    [InlineData("EVAL_RO script 2 k other", "k", true)]
    [InlineData("SOMETHINGNEW k", "k", false)]
    public void The_key_of_a_command_is_found(string command, string key, bool reads)
    {
        var shape = CommandKeys.Of(Wire(command), out var found);

        Assert.Equal((CommandKind.Keyed, reads), (shape.Kind, shape.Reads));
        Assert.Equal(key, Encoding.ASCII.GetString(found));
    }

    [Theory]
    [InlineData("PING", nameof(CommandKind.Keyless))]
    [InlineData("SCAN 0 COUNT 10", nameof(CommandKind.Keyless))]
    [InlineData("EVAL script 0", nameof(CommandKind.Keyless))]
    [InlineData("CLIENT ID", nameof(CommandKind.Keyless))]
    [InlineData("CLIENT NO-TOUCH ON", nameof(CommandKind.State))]
    [InlineData("SELECT 0", nameof(CommandKind.Select))]
    [InlineData("MULTI", nameof(CommandKind.Multi))]
    [InlineData("EXEC", nameof(CommandKind.Exec))]
    public void Commands_without_a_key_are_told_apart(string command, string kind) =>
        Assert.Equal(kind, CommandKeys.Of(Wire(command), out _).Kind.ToString());

    private static byte[] Wire(string command)
    {
        var words = command.Split(' ');
        return Encoding.ASCII.GetBytes($"*{words.Length}\r\n{string.Concat(words.Select(static word => $"${word.Length}\r\n{word}\r\n"))}");
    }

    private static SlotMap Parse(string reply) => SlotMap.Parse(RespValue.Of(Encoding.ASCII.GetBytes(reply)), Asked, epoch: 1);
}
