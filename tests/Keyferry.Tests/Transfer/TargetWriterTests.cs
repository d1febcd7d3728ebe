using System.Text;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Transfer;

namespace Keyferry.Tests.Transfer;

/// <summary>What is sent, in which order, and whom each answer counts for.</summary>
public sealed class TargetWriterTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Neighbours_are_set_together_and_one_answer_counts_for_all_of_them()
    {
        var (sent, refusals) = await WriteAsync("+OK\r\n+OK\r\n", (0, "a", Set), (0, "b", Set), (0, "c", Set));

        Assert.Equal(["SELECT 0", "MSET a 1 b 1 c 1"], sent);
        Assert.Equal([null, null, null], refusals);
    }

    /// <summary>The same key may stand in a batch twice: what is written last is what was read last.</summary>
    [Fact]
    public async Task What_was_read_in_between_is_written_in_between()
    {
        var (sent, refusals) = await WriteAsync(
            "+OK\r\n+OK\r\n:1\r\n-ERR x\r\n+OK\r\n",
            (0, "a", Set),
            (0, "a", Unlink),
            (0, "b", Set),
            (0, "b", Restore)
        );

        Assert.Equal(["SELECT 0", "MSET a 1", "UNLINK a", "MSET b 1", "RESTORE b 0 p REPLACE"], sent);
        Assert.Equal([null, null, "ERR x", null], refusals);
    }

    [Fact]
    public async Task A_key_that_is_not_written_ends_what_goes_together()
    {
        var (sent, refusals) = await WriteAsync("+OK\r\n-ERR x\r\n+OK\r\n", (0, "a", Set), (0, "b", Nothing), (0, "c", Set));

        Assert.Equal(["SELECT 0", "MSET a 1", "MSET c 1"], sent);
        Assert.Equal(["ERR x", null, null], refusals);
    }

    [Fact]
    public async Task What_goes_together_is_of_one_database()
    {
        var (sent, refusals) = await WriteAsync(
            "+OK\r\n+OK\r\n+OK\r\n-ERR x\r\n",
            (0, "a", Set),
            (0, "b", Set),
            (1, "c", Set),
            (1, "d", Set)
        );

        Assert.Equal(["SELECT 0", "MSET a 1 b 1", "SELECT 1", "MSET c 1 d 1"], sent);
        Assert.Equal([null, null, "ERR x", "ERR x"], refusals);
    }

    [Fact]
    public async Task Nothing_goes_together_that_is_long_or_where_it_was_refused()
    {
        var transport = new Recorder("");
        await using var connection = Connect(transport);
        using var writer = new TargetWriter(connection, Scope, writesByMSet: true);
        var batch = Batch((0, "a"), (0, "b"));

        Assert.False(writer.TrySet(batch, 0, new byte[20_000]));
        Assert.True(writer.TrySet(batch, 0, "1"u8));
        writer.SetNoneTogether();
        Assert.False(writer.TrySet(batch, 1, "1"u8));
        await writer.FlushAsync(Stop);

        Assert.Equal(["SELECT 0", "MSET a 1"], transport.Commands());
    }

    private static DatabaseScope Scope => new(new Dictionary<int, int> { [0] = 0, [1] = 1 }, KeyNames.All);

    private static void Set(TargetWriter writer, KeyBatch batch, int index) => Assert.True(writer.TrySet(batch, index, "1"u8));

    private static void Unlink(TargetWriter writer, KeyBatch batch, int index) => writer.Unlink(batch, index);

    private static void Restore(TargetWriter writer, KeyBatch batch, int index) =>
        writer.Restore(batch, index, expiresAt: -1, FittedPayload.Of("p"u8));

    private static void Nothing(TargetWriter writer, KeyBatch batch, int index) => batch.Items[index].Write = KeyWrite.Nothing;

    private static async Task<(string[] Sent, string?[] Refusals)> WriteAsync(
        string answers,
        params (int Database, string Key, Action<TargetWriter, KeyBatch, int> Write)[] keys
    )
    {
        var transport = new Recorder(answers);
        await using var connection = Connect(transport);
        using var writer = new TargetWriter(connection, Scope, writesByMSet: true);
        var batch = Batch([.. keys.Select(static key => (key.Database, key.Key))]);
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i].Write(writer, batch, i);
        }

        await writer.FlushAsync(Stop);
        var refusals = new string?[keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            refusals[i] = await writer.AcknowledgeAsync(batch, i, Stop);
        }

        return (transport.Commands(), refusals);
    }

    private static KeyBatch Batch(params (int Database, string Key)[] keys)
    {
        var batch = new KeyBatch();
        foreach (var (database, key) in keys)
        {
            batch.Add(new KeyEntry { Database = database, Key = Encoding.ASCII.GetBytes(key) });
        }

        return batch;
    }

    private static RespConnection Connect(Recorder transport) =>
        new(transport, new Endpoint { Host = "target" }, TimeProvider.System, TimeSpan.FromSeconds(15));

    /// <summary>Keeps what is sent, and has the answers ready.</summary>
    private sealed class Recorder(string answers) : ITransport
    {
        private readonly MemoryStream _sent = new();
        private readonly MemoryStream _answers = new(Encoding.ASCII.GetBytes(answers));

        /// <summary>What was sent, a line a command, without the lengths.</summary>
        public string[] Commands() =>
            [
                .. Encoding
                    .ASCII.GetString(_sent.ToArray())
                    .Split('*', StringSplitOptions.RemoveEmptyEntries)
                    .Select(static command =>
                        string.Join(' ', command.Split("\r\n").Where(static (_, line) => line > 0 && line % 2 == 0)).TrimEnd()
                    ),
            ];

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop) => _answers.ReadAsync(buffer, stop);

        public ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop) => _sent.WriteAsync(bytes, stop);

        public void Reset() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
