using System.Text;
using System.Threading.Channels;
using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Tests.Servers;

/// <summary>What the nodes of a cluster refuse reaches the caller with the node that refused.</summary>
public sealed class RoutedRepliesTests
{
    private static readonly Endpoint _first = new() { Host = "a", Port = 7001 };

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_refused_command_names_its_node()
    {
        await using var cluster = await OpenAsync(
            static (_, command) => $"-NOPERM User f has no permissions to run the '{command}' command\r\n"
        );

        var refused = await Assert.ThrowsAsync<ServerErrorException>(async () => _ = await cluster.CallAsync(Stop, "DUMP", "k"));

        Assert.Contains("(at a:7001)", refused.Reply, StringComparison.Ordinal);
        Assert.Equal("+dump", refused.Right);
        Assert.True(refused.IsDenied);
    }

    /// <summary>Without ASKING the node would send the reader back to where the key has left, again and again.</summary>
    [Fact]
    public async Task A_refused_ASKING_is_the_answer_to_what_was_to_be_read()
    {
        await using var cluster = await OpenAsync(
            static (node, command) =>
                (node.Port, command) switch
                {
                    (7001, _) => "-ASK 7629 b:7002\r\n",
                    (_, "ASKING") => "-NOPERM this user has no permissions to run the 'asking' command\r\n",
                    _ => "-MOVED 7629 a:7001\r\n",
                }
        );

        var refused = await Assert.ThrowsAsync<ServerErrorException>(async () => _ = await cluster.CallAsync(Stop, "DUMP", "k"));

        Assert.Contains("(at b:7002)", refused.Reply, StringComparison.Ordinal);
        Assert.Equal("+asking", refused.Right);
    }

    /// <summary>A stream to a cluster of which one node has told the slots, and all answer as they are told to.</summary>
    private static async Task<RespConnection> OpenAsync(Func<Endpoint, string, string> answer)
    {
        var map = SlotMap.Of(new ClusterNode("a", _first.Host, _first.Port), [], epoch: 1);
        var topology = new ClusterTopology(_first, (_, _) => ValueTask.FromResult((map, true)), map);
        ValueTask<RespConnection> OpenNode(Endpoint node, CancellationToken stop) =>
            ValueTask.FromResult(Connection(new Scripted(command => answer(node, command)), node));
        return Connection(
            await RoutedTransport.OpenAsync(topology, new HomeNode(null, 0), OpenNode, OpenNode, TimeProvider.System, Stop),
            _first
        );
    }

    private static RespConnection Connection(ITransport transport, Endpoint endpoint) =>
        new(transport, endpoint, TimeProvider.System, TimeSpan.FromSeconds(10));

    /// <summary>Answers each command by its name.</summary>
    private sealed class Scripted(Func<string, string> answer) : ITransport
    {
        private readonly Channel<byte[]> _answers = Channel.CreateUnbounded<byte[]>();
        private readonly RespInput _commands = new();

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            while (!bytes.IsEmpty)
            {
                var free = _commands.Free();
                var part = bytes[..Math.Min(free.Length, bytes.Length)];
                part.CopyTo(free);
                _commands.Received(part.Length);
                bytes = bytes[part.Length..];
                while (_commands.TryTake(out var command))
                {
                    var name = RespValue.Of(command.Span).Items[0].Text;
                    _ = _answers.Writer.TryWrite(Encoding.ASCII.GetBytes(answer(name)));
                }
            }

            return ValueTask.CompletedTask;
        }

        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
        {
            var bytes = await _answers.Reader.ReadAsync(stop);
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        public void Reset() => _answers.Writer.TryComplete(new IOException("reset"));

        public ValueTask DisposeAsync()
        {
            _commands.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
