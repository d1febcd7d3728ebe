using System.Globalization;
using Keyferry.Model;
using Keyferry.Payloads;
using Keyferry.Resp;

namespace Keyferry.Transfer;

/// <summary>The target's end of a copy in pieces: writes into a temporary key, and puts that in place of the real one in one step.</summary>
/// <remarks>
/// <para><b>Promises.</b> The temporary key lies in the slot of the real one and has an expiry for as long as it is temporary. That it is still there is asked before every
/// piece but the first: what had vanished meanwhile (expired in an outage, evicted) would go on as the rest of a value.</para>
/// <para><b>Concurrency.</b> One task.</para>
/// </remarks>
/// <param name="connection">The connection to the target.</param>
/// <param name="scope">Which database goes where.</param>
/// <param name="owner">Tells this run's and lane's temporary keys from others.</param>
internal sealed class PieceTarget(RespConnection connection, DatabaseScope scope, string owner)
{
    /// <summary>Replies that may be due before they are read: so many that the target always has something to do, so few that they fit into its buffers.</summary>
    private const int MostDue = 4096;

    /// <summary>Milliseconds after which a temporary key that nobody goes on with is gone.</summary>
    private const int Life = 300_000;

    private readonly Queue<(string Command, bool MustBeThere)> _due = new();
    private int _database = -1;
    private bool _begun;
    private byte[] _name = [];

    /// <summary>Commands for the temporary key; each is followed by <see cref="Sent"/>.</summary>
    public RespOutput Output => connection.Output;

    /// <summary>Whether a refusal that was thrown was the target's.</summary>
    public bool Refused { get; private set; }

    /// <summary>The name of the temporary key.</summary>
    public byte[] Temporary { get; private set; } = [];

    /// <summary>Begins a copy: nothing is left of an earlier one.</summary>
    /// <param name="database">The source's database.</param>
    /// <param name="name">What the key is called on the target.</param>
    public void Begin(int database, byte[] name)
    {
        _name = name;
        if (database != _database)
        {
            _database = database;
            WireCommands.Select(Output, scope.TargetOf(database));
            Sent("SELECT");
        }

        Temporary = System.Text.Encoding.UTF8.GetBytes(
            string.Create(CultureInfo.InvariantCulture, $"keyferry:{{{KeySlot.TagOf(KeySlot.Of(name))}}}:{owner}")
        );
        Drop();
        _begun = false;
    }

    /// <summary>Removes the temporary key.</summary>
    public void Drop()
    {
        connection.Write("UNLINK", Temporary);
        Sent("UNLINK");
    }

    /// <summary>Counts a command that was written.</summary>
    public void Sent(string command) => _due.Enqueue((command, false));

    /// <summary>Goes before a piece: the temporary key must still be there, and lives on.</summary>
    public void BeginPiece()
    {
        if (_begun)
        {
            connection.Write("PEXPIRE", Temporary, Life);
            _due.Enqueue(("PEXPIRE", true));
        }
    }

    /// <summary>Sends a piece; the first gives the temporary key its expiry.</summary>
    /// <exception cref="ServerErrorException">The target refused an earlier command.</exception>
    /// <exception cref="PieceLostException">The temporary key has vanished.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public async ValueTask EndPieceAsync(CancellationToken stop)
    {
        if (!_begun)
        {
            _begun = true;
            BeginPiece();
        }

        await connection.FlushAsync(stop);
        await ReadAsync(MostDue, stop);
    }

    /// <summary>Sends what is left and waits for all replies.</summary>
    public async ValueTask SettleAsync(CancellationToken stop)
    {
        await connection.FlushAsync(stop);
        await ReadAsync(0, stop);
    }

    /// <summary>Puts the temporary key in place of the real one, with its expiry. No reader of the target sees anything between.</summary>
    /// <param name="expiresAt">Milliseconds since 1970 by the target's clock, or -1.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="PieceLostException">The temporary key has vanished.</exception>
    public async ValueTask CommitAsync(long expiresAt, CancellationToken stop)
    {
        BeginPiece();
        connection.Write("MULTI");
        // Replacing a large value would free it at once and take long; UNLINK leaves that to another thread.
        connection.Write("UNLINK", _name);
        connection.Write("RENAME", Temporary, _name);
        if (expiresAt < 0)
        {
            connection.Write("PERSIST", _name);
        }
        else
        {
            connection.Write("PEXPIREAT", _name, expiresAt);
        }

        connection.Write("EXEC");
        foreach (var command in (string[])["MULTI", "UNLINK", "RENAME", "PEXPIREAT"])
        {
            Sent(command);
        }

        await SettleAsync(stop);
        var replies = RespValue.Of((await connection.ReadAsync(stop)).Span);
        Refused = replies.IsError || replies.Items.Any(static reply => reply.IsError);
        Check(replies);
    }

    /// <summary>Writes a value in one piece in place of whatever the target has under the real key.</summary>
    /// <param name="expiresAt">Milliseconds since 1970 by the target's clock, or -1.</param>
    /// <param name="payload">As the target reads it.</param>
    public void Restore(long expiresAt, in FittedPayload payload)
    {
        Output.Command(expiresAt < 0 ? 5 : 6);
        Output.Bulk("RESTORE"u8);
        Output.Bulk(_name);
        Output.Bulk(Math.Max(0, expiresAt));
        Output.Bulk(payload.Body, payload.Footer);
        Output.Bulk("REPLACE"u8);
        if (expiresAt >= 0)
        {
            Output.Bulk("ABSTTL"u8);
        }

        Sent("RESTORE");
    }

    /// <summary>Removes the real key: the source does not have it.</summary>
    public async ValueTask UnlinkAsync(CancellationToken stop)
    {
        connection.Write("UNLINK", _name);
        Sent("UNLINK");
        await SettleAsync(stop);
    }

    /// <summary>Reads what is due and forgets what it says, after a failure of this one key.</summary>
    public async ValueTask AbandonAsync(CancellationToken stop)
    {
        Drop();
        await connection.FlushAsync(stop);
        for (; _due.Count > 0; _ = _due.Dequeue())
        {
            _ = await connection.ReadAsync(stop);
        }
    }

    private static void Check(RespValue replies)
    {
        var refused = replies.IsError ? replies : replies.Items.FirstOrDefault(static reply => reply.IsError);
        if (refused is not null)
        {
            throw refused.Text.Contains("no such key", StringComparison.OrdinalIgnoreCase)
                ? new PieceLostException()
                : new ServerErrorException(refused.Text, "RENAME");
        }
    }

    private async ValueTask ReadAsync(int leave, CancellationToken stop)
    {
        while (_due.Count > leave)
        {
            var frame = await connection.ReadAsync(stop);
            var (command, mustBeThere) = _due.Dequeue();
            Refused = frame.Span[0] is (byte)RespType.Error or (byte)RespType.BulkError;
            WireCommands.ExpectOk(frame.Span, command);
            if (mustBeThere && !frame.Span.SequenceEqual(":1\r\n"u8))
            {
                throw new PieceLostException();
            }
        }
    }
}
