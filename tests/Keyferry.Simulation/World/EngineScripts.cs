using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.Server.Commands;

namespace Keyferry.Simulation.World;

/// <summary>What the engine's scripts do, for servers that cannot run scripts. That the scripts themselves do the same is tried on real servers.</summary>
internal static class EngineScripts
{
    /// <summary>Teaches a server the scripts.</summary>
    public static void Register(SimServer server)
    {
        server.Scripts.Register(static body => body.Contains("sub(d,-10)", StringComparison.Ordinal), Fingerprints);
        server.Scripts.Register(static body => body.Contains("cat(names)}", StringComparison.Ordinal), NameHashes);
        server.Scripts.Register(static body => body.Contains("'IDLETIME'", StringComparison.Ordinal), Used);
        server.Scripts.Register(static body => body.Contains("cat(unknown)}", StringComparison.Ordinal), Entries);
        server.Scripts.Register(static body => body.Contains("return {r[1],o}", StringComparison.Ordinal), Names);
    }

    /// <summary>For each key the last ten bytes of its payload and its expiry.</summary>
    private static void Fingerprints(ScriptCall script)
    {
        var packed = new List<byte>();
        var size = 0;
        foreach (var key in script.Keys)
        {
            var payload = script.Dump(key);
            packed.AddRange(payload is null ? new byte[10] : payload[^10..]);
            var expiry = new byte[8];
            BinaryPrimitives.WriteInt64BigEndian(expiry, script.ExpiresAt(key));
            packed.AddRange(expiry);
            size += payload?.Length ?? 0;
            if (size > 1_000_000)
            {
                break;
            }
        }

        script.Reply.Bulk((byte[])[.. packed]);
    }

    /// <summary>For each key of a SCAN page the hash of its name, a digest that is the same for the same value on every server, and its expiry.</summary>
    private static void Entries(ScriptCall script)
    {
        var ignored = script.Arguments[2].Span.ToArray();
        var (plain, expiring) = (new List<byte>(), new List<byte>());
        var size = 0;
        var cursor = Scan(
            script,
            key =>
            {
                if (key.Span.StartsWith(ignored) || script.Dump(key) is not { } payload)
                {
                    return;
                }

                size += payload.Length;
                var expiry = script.ExpiresAt(key);
                var entries = expiry >= 0 ? expiring : plain;
                entries.AddRange(NameHash(key));
                entries.AddRange(SHA1.HashData(Canonical(script, key)[..^10])[..8]);
                if (expiry >= 0)
                {
                    var bytes = new byte[8];
                    BinaryPrimitives.WriteInt64BigEndian(bytes, expiry);
                    entries.AddRange(bytes[2..]);
                }
            }
        );
        Reply(script, cursor, size, plain, expiring, []);
    }

    private static void Reply(ScriptCall script, string cursor, int size, params IEnumerable<byte>[] entries)
    {
        script.Reply.Array(5);
        script.Reply.Bulk(cursor);
        script.Reply.Integer(size);
        foreach (var some in entries)
        {
            script.Reply.Bulk((byte[])[.. some]);
        }
    }

    private static byte[] NameHash(Blob key) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(key.Span)))[..16];

    /// <summary>For each key of a SCAN page the hash of its name.</summary>
    private static void NameHashes(ScriptCall script)
    {
        var ignored = script.Arguments[2].Span.ToArray();
        var entries = new List<byte>();
        var cursor = Scan(
            script,
            key =>
            {
                if (!key.Span.StartsWith(ignored))
                {
                    entries.AddRange(NameHash(key));
                }
            }
        );
        Reply(script, cursor, 0, [], [], entries);
    }

    /// <summary>SCAN, without the names of keys that have not been used since a second of the server's clock.</summary>
    private static void Used(ScriptCall script)
    {
        var since = long.Parse(script.Arguments[2].ToString(), CultureInfo.InvariantCulture);
        var names = new List<Blob>();
        var server = script.Server;
        var cursor = Scan(
            script,
            key =>
            {
                var idle = server.Keyspace.Find(key, touch: false) is { } entry ? (server.Clock - entry.UsedAt) / 1000 : 0;
                if (idle <= (server.Clock / 1000) - since)
                {
                    names.Add(key);
                }
            }
        );
        script.Reply.Array(2);
        script.Reply.Bulk(cursor);
        script.Reply.Bulks(names);
    }

    /// <summary>SCAN, without the names whose hash the map does not hold.</summary>
    private static void Names(ScriptCall script)
    {
        var map = script.Arguments[2].Span.ToArray();
        var names = new List<Blob>();
        var cursor = Scan(
            script,
            key =>
            {
                var hash = BinaryPrimitives.ReadUInt16BigEndian(SHA1.HashData(key.Span)) >> 4;
                if ((map[hash / 8] >> (hash % 8) & 1) != 0)
                {
                    names.Add(key);
                }
            }
        );
        script.Reply.Array(2);
        script.Reply.Bulk(cursor);
        script.Reply.Bulks(names);
    }

    private static string Scan(ScriptCall script, Action<Blob> see)
    {
        var keys = script.Server.Keyspace;
        var cursor = ulong.Parse(script.Arguments[0].ToString(), CultureInfo.InvariantCulture);
        var count = int.Parse(script.Arguments[1].ToString(), CultureInfo.InvariantCulture);
        var found = new List<Blob>();
        do
        {
            cursor = keys[keys.Selected].Keys.Scan(cursor, (name, _) => found.Add(name));
        } while (cursor != 0 && found.Count < count);
        // An expired key is deleted when the walk comes by.
        foreach (var name in found.Where(name => keys.Find(name, touch: false) is not null))
        {
            see(name);
        }

        return cursor.ToString(CultureInfo.InvariantCulture);
    }

    private static byte[] Canonical(ScriptCall script, Blob key) =>
        script.Server.Keyspace.Find(key, touch: false) is { } entry
            ? new Payload(version: 0, sorted: true, seed: 0).Dump(entry.Value)
            : new byte[10];
}
