using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Servers;
using Keyferry.State;

namespace Keyferry.Cutover;

/// <summary>The application's ACL users lose the right to write on every primary; their writes are refused at once, and reads go on.</summary>
/// <remarks>Fenced are all enabled users but Keyferry's own. So that nobody is overlooked (a second client that logs in as Keyferry does), the source must count no write either.</remarks>
/// <param name="primaries">Connections to each primary of the source.</param>
/// <param name="store">Where leases are recorded.</param>
/// <param name="run">The run that takes them.</param>
/// <param name="time">The clock of the run.</param>
internal sealed class AclFence(IReadOnlyList<ServerConnector> primaries, IRunStore store, long run, TimeProvider time) : IFence
{
    /// <summary>How long the source must count no write.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(20);

    private readonly QuietWatch _watch = new(primaries);
    private readonly List<RespConnection> _connections = [];
    private readonly List<(int Primary, AclRules Rules, long Lease)> _taken = [];
    private readonly List<(int Primary, AclRules Rules)> _wanted = [];

    /// <inheritdoc/>
    public bool HoldsExpiries => false;

    /// <inheritdoc/>
    public async ValueTask PrepareAsync(CancellationToken stop)
    {
        await ForgetAsync();
        await _watch.PrepareAsync(stop);
        for (var i = 0; i < primaries.Count; i++)
        {
            var connection = await primaries[i].ConnectAsync("fence", stop);
            _connections.Add(connection);
            try
            {
                await FindAsync(i, connection, stop);
            }
            catch (ServerErrorException refused)
            {
                throw new CutoverFailedException(
                    $"the ACL users of {primaries[i].Endpoint} cannot be fenced: {refused.Reply} (--fence acl needs Redis 6.0, and +acl|whoami +acl|users +acl|getuser +acl|setuser)",
                    refused
                );
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask RaiseAsync(CancellationToken stop)
    {
        foreach (var (primary, rules) in _wanted)
        {
            var record = new FenceLease
            {
                Kind = FenceKind.Acl,
                User = rules.User,
                Commands = rules.Commands,
                Selectors = rules.Selectors,
            }.ToRecord(run, primaries[primary].Endpoint, $"{rules.User}: -@write");
            var lease = store.RecordLease(record);
            _taken.Add((primary, rules, lease));
            if (await rules.TakeWritesAsync(_connections[primary], stop) is { } refused)
            {
                throw new CutoverFailedException(
                    $"{primaries[primary].Endpoint} did not take the right to write from {rules.User}: {refused}"
                );
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask TryAsync(CancellationToken stop)
    {
        if (await OpenUserAsync(stop) is { } open)
        {
            throw new CutoverFailedException(open);
        }

        await _watch.BeginAsync(stop);
        await Task.Delay(Quiet, time, stop);
        if (await _watch.LookAsync(stop) is { } written)
        {
            throw new CutoverFailedException($"{written} although no other ACL user may write: a writer logs in as Keyferry does");
        }
    }

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken stop) => await OpenUserAsync(stop) ?? await _watch.LookAsync(stop);

    /// <inheritdoc/>
    public async ValueTask LowerAsync(CancellationToken stop)
    {
        List<string> trouble = [];
        foreach (var taken in _taken.ToList())
        {
            if (await GiveBackAsync(primaries[taken.Primary], taken.Rules, stop) is { } refused)
            {
                trouble.Add($"{taken.Rules.User} on {primaries[taken.Primary].Endpoint}: {refused}");
                continue;
            }

            _ = store.Close(taken.Lease, $"the rights of {taken.Rules.User} were given back");
            _ = _taken.Remove(taken);
        }

        await ForgetAsync();
        if (trouble.Count > 0)
        {
            throw new CutoverFailedException($"the right to write could not be given back: {string.Join("; ", trouble)}.");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await ForgetAsync();

    /// <summary>Gives a user its rights back.</summary>
    /// <returns>Why not, or <see langword="null"/>.</returns>
    public static async ValueTask<string?> GiveBackAsync(ServerConnector primary, AclRules rules, CancellationToken stop)
    {
        try
        {
            await using var connection = await primary.ConnectAsync("fence", stop);
            return await rules.GiveBackAsync(connection, stop);
        }
        catch (Exception lost) when (lost is IOException or KeyferryException)
        {
            return lost.Message;
        }
    }

    private async ValueTask FindAsync(int primary, RespConnection connection, CancellationToken stop)
    {
        var users = await AclRules.OthersAsync(connection, stop);
        foreach (var user in users)
        {
            if (await AclRules.AskAsync(connection, user, stop) is { } rules)
            {
                _wanted.Add((primary, rules));
                if (await rules.MayNotChangeAsync(connection, stop) is { } refused)
                {
                    throw new CutoverFailedException(
                        $"the ACL users of {primaries[primary].Endpoint} cannot be fenced: {refused} (--fence acl needs +acl|setuser)"
                    );
                }
            }
        }

        if (users.Count == 0)
        {
            throw new CutoverFailedException(
                $"{primaries[primary].Endpoint} has no ACL user but the one that Keyferry logs in with: fenced, it would lock itself out. Give Keyferry a user of its own, or use another --fence."
            );
        }
    }

    /// <returns>Which user may write all the same, in words, or <see langword="null"/>.</returns>
    private async ValueTask<string?> OpenUserAsync(CancellationToken stop)
    {
        foreach (var (primary, rules, _) in _taken)
        {
            if (await rules.MayWriteAsync(_connections[primary], stop) == true)
            {
                return $"the ACL user {rules.User} may write on {primaries[primary].Endpoint} all the same";
            }
        }

        return null;
    }

    private async ValueTask ForgetAsync()
    {
        await _watch.DisposeAsync();
        foreach (var connection in _connections)
        {
            await connection.DisposeAsync();
        }

        _connections.Clear();
        _wanted.Clear();
    }
}
