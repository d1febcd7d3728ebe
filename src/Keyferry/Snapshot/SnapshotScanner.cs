using System.Buffers.Text;
using Keyferry.Model;
using Keyferry.Queue;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Throttle;

namespace Keyferry.Snapshot;

/// <summary>The first pass of SCAN over one shard: names of keys, page by page, handed to the lanes.</summary>
/// <remarks>
/// <para><b>In the data path.</b> Beside the capture. It reads names only; the lanes read the values.</para>
/// <para><b>Promises.</b> SCAN's own: a key that exists during the whole pass is handed over at least once. After a lost connection it goes on at its cursor if it
/// is still the same server process; otherwise it begins again, since a cursor means nothing to another process.</para>
/// <para><b>Concurrency.</b> One task; <see cref="Scanned"/> may be read by anybody.</para>
/// </remarks>
/// <param name="connector">Connections to the source.</param>
/// <param name="databases">The logical databases to scan.</param>
/// <param name="sink">Where the names go.</param>
/// <param name="pace">How fast the source may be read.</param>
/// <param name="outageBudget">How long the source may stay away.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class SnapshotScanner(
    ServerConnector connector,
    IReadOnlyList<int> databases,
    ISnapshotSink sink,
    SourcePace pace,
    TimeSpan outageBudget,
    TimeProvider time
)
{
    /// <summary>Keys asked for at a time: a page is handed over while the next one is on its way, so that small ones keep the pass near the lanes (<see cref="LaneQueue.MostOffered"/>).</summary>
    private const int PageSize = 512;

    /// <summary>The same on a long way, where there is one page in a round trip. One holds the source's thread for about a millisecond, so not where its latency has a budget.</summary>
    private const int FarPageSize = 1024;

    private const int NamesPerKey = 32;

    /// <summary>A round trip that takes longer is a long way.</summary>
    private static readonly TimeSpan LongWay = TimeSpan.FromMilliseconds(3);

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly byte[] _cursor = new byte[24];
    private SnapshotPosition? _position;
    private bool _resumed;
    private int _cursorLength;
    private int _pageSize = PageSize;
    private int _database;
    private string _runId = "";
    private long _scanned;
    private string? _held;

    /// <summary>Why the pass waits at the moment, or <see langword="null"/>.</summary>
    public string? Held => Volatile.Read(ref _held);

    /// <summary>Names that SCAN has returned.</summary>
    public long Scanned => Interlocked.Read(ref _scanned);

    /// <summary>Every name before this position has been handed over; <see langword="null"/> before the first page.</summary>
    public SnapshotPosition? Position => Volatile.Read(ref _position);

    /// <summary>Begins where an earlier pass of the same server process has stopped. Call it before <see cref="RunAsync"/>.</summary>
    public void ResumeAt(SnapshotPosition position)
    {
        _resumed = true;
        _runId = position.RunId;
        _database = position.Done ? databases.Count : databases.TakeWhile(database => database != position.Database).Count();
        _cursorLength = System.Text.Encoding.ASCII.GetBytes(position.Cursor, _cursor);
        _scanned = position.Scanned;
        _position = position;
    }

    /// <summary>Scans everything.</summary>
    /// <exception cref="KeyferryException">The source refuses SCAN, or stayed away for longer than the budget.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        if (!_resumed)
        {
            Restart();
        }

        var pause = FirstPause;
        var wellSince = time.GetTimestamp();
        while (_database < databases.Count)
        {
            var before = Scanned;
            try
            {
                await using var connection = await connector.ConnectAsync("scan", stop);
                await CheckProcessAsync(connection, stop);
                await ScanAsync(connection, stop);
            }
            catch (ServerErrorException refused) when (refused.Code is not ("LOADING" or "BUSY" or "MASTERDOWN"))
            {
                throw new KeyferryException(
                    FailureKind.Failed,
                    $"The {connector.Role} {connector.Endpoint} refused {refused.Command}: {refused.Reply}.",
                    "The user needs +scan, +select and +info.",
                    refused
                );
            }
            catch (Exception away) when (away is IOException or ServerErrorException or KeyferryException { Kind: FailureKind.Unreachable })
            {
                Volatile.Write(ref _held, WordsOf(away));
                if (Scanned > before)
                {
                    (pause, wellSince) = (FirstPause, time.GetTimestamp());
                }

                if (time.GetElapsedTime(wellSince) > outageBudget)
                {
                    throw;
                }

                await Task.Delay(pause, time, stop);
                pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
            }
        }
    }

    private string WordsOf(Exception away) =>
        away switch
        {
            KeyferryException known => known.Saw,
            ServerErrorException refused => $"the {connector.Role} refuses {refused.Command} ({refused.Code})",
            _ => $"the {connector.Role} cannot be reached: {away.Message}",
        };

    private void Restart()
    {
        _database = 0;
        _position = null;
        _cursor[0] = (byte)'0';
        _cursorLength = 1;
    }

    private async ValueTask CheckProcessAsync(RespConnection connection, CancellationToken stop)
    {
        var identity = await ServerConnector.IdentifyAsync(connection, stop);
        if (_runId.Length > 0 && identity.RunId != _runId)
        {
            Restart();
        }

        _runId = identity.RunId;
    }

    private async ValueTask ScanAsync(RespConnection connection, CancellationToken stop)
    {
        while (_database < databases.Count)
        {
            var asked = time.GetTimestamp();
            _ = await connection.CallAsync(stop, "SELECT", databases[_database]);
            _pageSize = time.GetElapsedTime(asked) > LongWay && pace.Limits.Latency is null ? FarPageSize : PageSize;
            Ask(connection, _cursor.AsSpan(0, _cursorLength));
            await connection.FlushAsync(stop);
            var more = true;
            while (more)
            {
                var page = await connection.ReadAsync(stop);
                more = await HandOverAsync(connection, page, stop);
            }

            _database++;
            _cursor[0] = (byte)'0';
            _cursorLength = 1;
        }
    }

    private void Ask(RespConnection connection, ReadOnlySpan<byte> cursor)
    {
        connection.Output.Command(4);
        connection.Output.Bulk("SCAN"u8);
        connection.Output.Bulk(cursor);
        connection.Output.Bulk("COUNT"u8);
        connection.Output.Bulk(_pageSize);
    }

    /// <summary>Asks for the next page at once, then hands over the keys of this one while the source works.</summary>
    /// <returns>Whether there is a next page.</returns>
    private async ValueTask<bool> HandOverAsync(RespConnection connection, ReadOnlyMemory<byte> page, CancellationToken stop)
    {
        var next = CursorOf(page.Span, out var keys, out var position);
        Volatile.Write(ref _held, null);
        var more = next is not [(byte)'0'];
        if (more)
        {
            // A name is listed in a small part of the time that a value takes; but where the filters pass over most names, nothing else holds the scan up.
            await pace.PageAsync(_pageSize / NamesPerKey, stop);
            Ask(connection, next);
            await connection.FlushAsync(stop);
        }

        for (var i = 0; i < keys; i++)
        {
            while (!TryOffer(page.Span, ref position, out var room))
            {
                await room.WaitAsync(stop);
            }
        }

        // Only now: if this page is cut off half-way, the pass goes on at the cursor that led to it.
        next.CopyTo(_cursor.AsSpan());
        _cursorLength = next.Length;
        var ended = !more && _database == databases.Count - 1;
        Volatile.Write(
            ref _position,
            new SnapshotPosition(
                _runId,
                databases[more || ended ? _database : _database + 1],
                System.Text.Encoding.ASCII.GetString(next),
                Scanned,
                ended
            )
        );
        return more;
    }

    private static byte[] CursorOf(ReadOnlySpan<byte> page, out int keys, out int position)
    {
        var reader = new RespReader(page);
        reader.Require();
        if (reader.IsError)
        {
            throw new ServerErrorException(reader.Text, "SCAN");
        }

        reader.Require();
        var cursor = reader.Bytes.ToArray();
        if (cursor.Length is 0 or > 20 || !Utf8Parser.TryParse(cursor, out ulong _, out var used) || used != cursor.Length)
        {
            throw new RespProtocolException("SCAN was answered with a cursor that is no number");
        }

        keys = reader.RequireAggregate();
        position = reader.Position;
        return cursor;
    }

    private bool TryOffer(ReadOnlySpan<byte> page, ref int position, out Task room)
    {
        var reader = new RespReader(page, position);
        reader.Require();
        room = Task.CompletedTask;
        if (!ReservedKeys.Contains(reader.Bytes) && !sink.TryOffer(databases[_database], reader.Bytes, out room))
        {
            return false;
        }

        position = reader.Position;
        _ = Interlocked.Increment(ref _scanned);
        return true;
    }
}
