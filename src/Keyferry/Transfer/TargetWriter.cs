using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Queue;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>Writes keys to the target, whole values at a time, and reads what the target says to each.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Second half of a lane; the only code that writes customer keys to a target.</para>
/// <para><b>Strings.</b> Those that stand together in a batch and do not expire go into one MSET, which costs a target half of what their RESTOREs do. It has one answer, which counts
/// for each of them.</para>
/// <para><b>Concurrency.</b> One task writes and flushes, another reads the replies.</para>
/// </remarks>
/// <param name="connection">The lane's connection to the target.</param>
/// <param name="scope">Which database goes where.</param>
/// <param name="writesByMSet">Whether the target takes MSET.</param>
internal sealed class TargetWriter(RespConnection connection, DatabaseScope scope, bool writesByMSet) : IDisposable
{
    /// <summary>Bytes after which a batch is sent although it is not complete: keeps both servers busy, and memory bounded.</summary>
    private const int FlushThreshold = 64 * 1024;

    /// <summary>Keys of one MSET: as many as one MGET tells.</summary>
    private const int MostTogether = ShortStrings.Most;

    /// <summary>Bytes of a string that may go with others: it is copied once more.</summary>
    private const int LongestTogether = 16 * 1024;

    /// <summary>The words of the MSET that is under way.</summary>
    private readonly RespOutput _strings = new();
    private volatile bool _writesByMSet = writesByMSet;
    private KeyBatch? _batch;
    private int _first;
    private int _together;
    private int _answeredFor;
    private string? _answer;
    private int _writtenDatabase = -1;
    private int _acknowledgedDatabase = -1;

    /// <summary>Puts a value in place of whatever the target has under the key.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="index">Which key of it.</param>
    /// <param name="expiresAt">Milliseconds since 1970 by the target's clock, or -1 for a key that does not expire.</param>
    /// <param name="payload">As the target reads it.</param>
    public void Restore(KeyBatch batch, int index, long expiresAt, in FittedPayload payload)
    {
        EndTogether();
        SelectFor(batch.Items[index].Database);
        var output = connection.Output;
        output.Raw(expiresAt < 0 ? "*5\r\n$7\r\nRESTORE\r\n"u8 : "*6\r\n$7\r\nRESTORE\r\n"u8);
        output.Bulk(NameOf(batch, index));
        output.Bulk(expiresAt < 0 ? 0 : expiresAt);
        output.Bulk(payload.Body, payload.Footer);
        output.Raw(expiresAt < 0 ? "$7\r\nREPLACE\r\n"u8 : "$7\r\nREPLACE\r\n$6\r\nABSTTL\r\n"u8);
        batch.Items[index].Write = KeyWrite.Put;
        batch.Items[index].PayloadBytes = payload.Body.Length + payload.Footer.Length;
    }

    /// <summary>Puts a string that does not expire in place of whatever the target has under the key, together with its neighbours.</summary>
    /// <returns>Whether that can be; nothing is written if not.</returns>
    public bool TrySet(KeyBatch batch, int index, ReadOnlySpan<byte> value)
    {
        if (!_writesByMSet || value.Length > LongestTogether)
        {
            return false;
        }

        var database = batch.Items[index].Database;
        if (_together == MostTogether || index != _first + _together || batch != _batch || database != _writtenDatabase)
        {
            EndTogether();
            SelectFor(database);
            (_batch, _first) = (batch, index);
        }

        _together++;
        _strings.Bulk(NameOf(batch, index));
        _strings.Bulk(value);
        batch.Items[index].Write = KeyWrite.Put;
        batch.Items[index].PayloadBytes = value.Length;
        return true;
    }

    /// <summary>Puts no strings together any more: the target has refused it.</summary>
    public void SetNoneTogether() => _writesByMSet = false;

    /// <summary>Removes a key that the source does not have.</summary>
    public void Unlink(KeyBatch batch, int index)
    {
        EndTogether();
        SelectFor(batch.Items[index].Database);
        connection.Output.Raw("*2\r\n$6\r\nUNLINK\r\n"u8);
        connection.Output.Bulk(NameOf(batch, index));
        batch.Items[index].Write = KeyWrite.Unlink;
    }

    /// <summary>Sends what was written, if it is enough to be sent although the batch is not complete.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public ValueTask FlushFullAsync(CancellationToken stop) =>
        connection.Output.Length >= FlushThreshold ? connection.FlushAsync(stop) : ValueTask.CompletedTask;

    /// <summary>Sends what was written.</summary>
    /// <exception cref="IOException">The connection is lost.</exception>
    public ValueTask FlushAsync(CancellationToken stop)
    {
        EndTogether();
        return connection.FlushAsync(stop);
    }

    /// <summary>Whether the latest answer was to an MSET.</summary>
    public bool WasTogether { get; private set; }

    /// <summary>Waits for the target's answer to one key's write. To be called for each key of a batch, in their order.</summary>
    /// <returns><see langword="null"/> when it was done, else the error's text.</returns>
    /// <exception cref="ServerErrorException">The target has no such database.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask<string?> AcknowledgeAsync(KeyBatch batch, int index, CancellationToken stop)
    {
        if (batch.Items[index].Write is KeyWrite.Nothing or KeyWrite.Aside)
        {
            return null;
        }

        if (_answeredFor > 0)
        {
            _answeredFor--;
            return _answer;
        }

        if (batch.Items[index].Database != _acknowledgedDatabase)
        {
            WireCommands.ExpectOk((await connection.ReadAsync(stop)).Span, "SELECT");
            _acknowledgedDatabase = batch.Items[index].Database;
        }

        var frame = await connection.ReadAsync(stop);
        _answer = frame.Span[0] is (byte)RespType.Error or (byte)RespType.BulkError ? RespValue.Of(frame.Span).Text : null;
        WasTogether = batch.Items[index].Together > 0;
        _answeredFor = Math.Max(0, batch.Items[index].Together - 1);
        return _answer;
    }

    /// <inheritdoc/>
    public void Dispose() => _strings.Dispose();

    private void EndTogether()
    {
        if (_together == 0 || _batch is null)
        {
            return;
        }

        _batch.Items[_first].Together = _together;
        connection.Output.Command(1 + (2 * _together));
        connection.Output.Raw("$4\r\nMSET\r\n"u8);
        connection.Output.Raw(_strings.Pending.Span);
        _strings.Clear();
        _together = 0;
    }

    /// <summary>What the key is called on the target. Nobody writes a key that has no name there.</summary>
    private ReadOnlySpan<byte> NameOf(KeyBatch batch, int index)
    {
        var key = batch.Key(index);
        var names = scope.NamesOf(batch.Items[index].Database);
        return names.Rename ? names.OnTarget(key) ?? throw new InvalidOperationException("a key without a name on the target") : key;
    }

    private void SelectFor(int database)
    {
        if (database != _writtenDatabase)
        {
            WireCommands.Select(connection.Output, scope.TargetOf(database));
            _writtenDatabase = database;
        }
    }
}
