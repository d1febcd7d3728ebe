using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.Transfer;

namespace Keyferry.Verify;

/// <summary>One side of a comparison: its two connections, and what its server can be asked.</summary>
/// <remarks>One connection carries the pages, filled ahead; the other is for closer looks, which need answers at once and must not wait behind pages.</remarks>
internal sealed class VerifySide : IAsyncDisposable
{
    private static readonly byte[] _probeKey = "keyferry:{verify}"u8.ToArray();
    private readonly ServerConnector _connector;
    private int _database;

    private VerifySide(ServerConnector connector, RespConnection pages, RespConnection looks)
    {
        _connector = connector;
        Pages = pages;
        Looks = looks;
    }

    /// <summary>Which side it is, in a word.</summary>
    public string Role => _connector.Role;

    /// <summary>SCAN pages and their comparison.</summary>
    public RespConnection Pages { get; }

    /// <summary>Closer looks.</summary>
    public RespConnection Looks { get; }

    /// <summary>Bytes that the server has sent on both.</summary>
    public long BytesReceived => Pages.BytesReceived + Looks.BytesReceived;

    /// <summary>What the server is.</summary>
    public ServerIdentity Identity { get; private set; } = ServerIdentity.Parse("");

    /// <summary>Its clock.</summary>
    public ClockOffset Clock { get; private set; }

    /// <summary>Whether absolute expiries can be asked for; else they are reckoned from the time left and the server's clock.</summary>
    public bool HasPExpireTime { get; private set; }

    /// <summary>Whether expiries of hash fields can be asked for.</summary>
    public bool HasFieldExpiry { get; private set; }

    /// <summary>Whether the server has expiries of hash fields, but does not let this user see them.</summary>
    public bool HidesFieldExpiry { get; private set; }

    /// <summary>Whether DUMP may be used.</summary>
    public bool HasDump { get; private set; }

    /// <summary>Whether the server knows scripts that only read, which a fence lets through (EVAL_RO, 7.0 and newer).</summary>
    public bool HasReadOnlyScripts => HasPExpireTime;

    /// <summary>Whether the server tells how much memory a value uses.</summary>
    public bool TellsSizes { get; private set; }

    /// <summary>Whether several keys may stand in one command: everywhere but in a cluster.</summary>
    public bool ManyKeysPerCommand => !Identity.IsCluster;

    /// <summary>Which node of the cluster has which slots now; <see langword="null"/> where this is none.</summary>
    public SlotMap? Slots => ManyKeysPerCommand ? null : _connector.Topology?.Current;

    /// <summary>A key that is never there: of the node that gets what has no key.</summary>
    public byte[] NoKey =>
        ManyKeysPerCommand ? _probeKey : System.Text.Encoding.ASCII.GetBytes($"keyferry:{{{KeySlot.TagOf(_connector.Home)}}}");

    /// <summary>Opens both connections and asks the server what it can do.</summary>
    public static async ValueTask<VerifySide> OpenAsync(ServerConnector connector, TimeProvider time, CancellationToken stop)
    {
        var pages = await connector.ConnectAsync("verify", stop);
        VerifySide side;
        try
        {
            side = new VerifySide(connector, pages, await connector.ConnectAsync("verify-look", stop));
        }
        catch
        {
            await pages.DisposeAsync();
            throw;
        }

        try
        {
            await side.GetToKnowAsync(time, stop);
            return side;
        }
        catch
        {
            await side.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes <paramref name="database"/> the one that both connections speak of.</summary>
    public async ValueTask SelectAsync(int database, CancellationToken stop)
    {
        if (database != _database)
        {
            _ = await CallAsync(Pages, "SELECT", stop, database);
            _ = await CallAsync(Looks, "SELECT", stop, database);
            _database = database;
        }
    }

    /// <summary>One command and its answer.</summary>
    public async ValueTask<RespValue> CallAsync(
        RespConnection connection,
        string command,
        CancellationToken stop,
        params RespArgument[] rest
    )
    {
        var reply = await connection.TryCallAsync(stop, [command, .. rest]);
        return reply.IsError ? throw Refused(reply.Text, command) : reply;
    }

    /// <summary>Throws if <paramref name="frame"/> is an error; what it throws says whether the server, the user's rights or a changing value is the cause.</summary>
    public void Check(ReadOnlyMemory<byte> frame, string command)
    {
        if (IsError(frame))
        {
            var reader = new RespReader(frame.Span);
            reader.Require();
            throw Refused(reader.Text, command);
        }
    }

    /// <summary>Whether an answer shows that the value is of another type by now. Other errors throw.</summary>
    public bool HasChanged(ReadOnlyMemory<byte> frame, string command)
    {
        if (!IsError(frame))
        {
            return false;
        }

        var reader = new RespReader(frame.Span);
        reader.Require();
        var refused = Refused(reader.Text, command);
        return refused is ValueChangedException ? true : throw refused;
    }

    /// <summary>Whether <paramref name="frame"/> is an error reply.</summary>
    public static bool IsError(ReadOnlyMemory<byte> frame) => frame.Span[0] is (byte)RespType.Error or (byte)RespType.BulkError;

    /// <summary>The exception for an error reply.</summary>
    public Exception Refused(string reply, string command)
    {
        var refused = new ServerErrorException(reply, command);
        if (Outage.IsPassing(refused))
        {
            return refused;
        }

        if (
            refused.Code is "WRONGTYPE" or "NOGROUP"
            || reply.Contains("no such key", StringComparison.OrdinalIgnoreCase)
            || reply.Contains("requires the key to exist", StringComparison.OrdinalIgnoreCase)
        )
        {
            return new ValueChangedException();
        }

        return refused.Code == "NOPERM"
            ? new KeyferryException(
                FailureKind.Failed,
                $"The comparison needs {command} on the {Role} {Pages.Endpoint}, and the user may not run it ({reply.TrimEnd('.')}).",
                $"Give the user the right: ACL SETUSER NAME +{command.ToLowerInvariant().Replace(' ', '|')}, and read access to all keys.",
                refused
            )
            : new KeyferryException(
                FailureKind.Failed,
                $"The {Role} {Pages.Endpoint} refused {command} during the comparison ({reply.TrimEnd('.')}).",
                "Check that the server offers the command and that both sides have the databases that are compared.",
                refused
            );
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Pages.DisposeAsync();
        await Looks.DisposeAsync();
    }

    private async ValueTask GetToKnowAsync(TimeProvider time, CancellationToken stop)
    {
        Identity = ServerIdentity.Parse((await CallAsync(Looks, "INFO", stop)).Text);
        try
        {
            Clock = await ClockOffset.MeasureAsync(Looks, time, stop);
        }
        catch (ServerErrorException refused)
        {
            throw Refused(refused.Reply, "TIME");
        }

        HasPExpireTime = !(await Looks.TryCallAsync(stop, "PEXPIRETIME", _probeKey)).IsError;
        var fields = await Looks.TryCallAsync(stop, "HPEXPIRETIME", _probeKey, "FIELDS", 1, "f");
        HasFieldExpiry = !fields.IsError;
        HidesFieldExpiry = fields.IsError && Identity.HasHashFieldExpiry;
        TellsSizes = !(await MemoryQuestion.TryAsync(Looks, _probeKey, stop)).IsError;
        HasDump = !(await Looks.TryCallAsync(stop, "DUMP", _probeKey)).IsError;
        if (Identity.HasNoTouch)
        {
            // Reading must not disturb what the server evicts; where it is forbidden the comparison is not worth less.
            await _connector.Quiet.AskAsync(Pages, stop);
            await _connector.Quiet.AskAsync(Looks, stop);
        }
    }
}
