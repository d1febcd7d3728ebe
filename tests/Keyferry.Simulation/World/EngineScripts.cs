using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.Server.Commands;
using Keyferry.Verify;

namespace Keyferry.Simulation.World;

/// <summary>What the engine's scripts do, for servers that cannot run scripts. That the scripts themselves do the same is tried on real servers.</summary>
internal static class EngineScripts
{
    /// <summary>Teaches a server the scripts.</summary>
    public static void Register(SimServer server)
    {
        server.Scripts.Register(static body => body.Contains("sub(d,-10)", StringComparison.Ordinal), Fingerprints);
        server.Scripts.Register(static body => body.Contains("cmsgpack.unpack(ARGV[2])", StringComparison.Ordinal), Digests);
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

    /// <summary>Of the keys of a SCAN page, or of those that are named: their names, one digest for all or one each, and their expiries.</summary>
    private static void Digests(ScriptCall script)
    {
        var (named, cursor) = (script.Arguments[0].Span.IsEmpty, "");
        var all = new List<Blob>();
        if (named)
        {
            for (var names = new PackedNames(script.Arguments[1].Span); names.Next(out var name); )
            {
                all.Add(name.ToArray());
            }
        }
        else
        {
            var ignored = script.Arguments[2].Span.ToArray();
            cursor = Scan(
                script,
                key =>
                {
                    if (!key.Span.StartsWith(ignored))
                    {
                        all.Add(key);
                    }
                }
            );
        }

        List<Blob> asked =
            named || script.Arguments[3].Span.IsEmpty ? all
            : script.Arguments[3].ToString() == DigestScript.NamesOnly ? []
            : [.. all.Where(key => IsUsed(script, key))];
        Reply(script, cursor, all, asked, named);
    }

    private static void Reply(ScriptCall script, string cursor, List<Blob> all, List<Blob> asked, bool named)
    {
        var each = script.Arguments[4].ToString() == "1";
        var (looked, digests, expiries, size) = (new List<Blob>(), new List<byte>(), new List<byte>(), 0);
        foreach (var key in asked)
        {
            var payload = script.Dump(key);
            if (payload is null && !named)
            {
                continue;
            }

            looked.Add(key);
            size += payload?.Length ?? 0;
            // A key that is not there has a digest as well, which is that of no value.
            var digest = SHA1.HashData(payload is null ? "-"u8 : Canonical(script, key).AsSpan()[..^10]);
            digests.AddRange(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest))[..16]);
            var expiry = script.ExpiresAt(key);
            if (expiry >= 0)
            {
                var entry = new byte[10];
                BinaryPrimitives.WriteInt64BigEndian(entry.AsSpan(2), expiry);
                BinaryPrimitives.WriteUInt16BigEndian(entry.AsSpan(2), (ushort)looked.Count);
                expiries.AddRange(entry[2..]);
            }
        }

        script.Reply.Array(9);
        script.Reply.Bulk(cursor);
        script.Reply.Integer(size);
        script.Reply.Integer(looked.Count);
        script.Reply.Bulk(named ? [] : Packed(all));
        script.Reply.Bulk(named || looked.Count == all.Count ? [] : Packed(looked));
        script.Reply.Bulk(each ? [.. digests] : SHA1.HashData([.. digests]));
        script.Reply.Bulk((byte[])[.. expiries]);
        script.Reply.Bulk([]);
        script.Reply.Bulk([]);
    }

    /// <summary>As cmsgpack packs an array of strings.</summary>
    private static byte[] Packed(List<Blob> names)
    {
        if (names.Count == 0)
        {
            return [];
        }

        var packed = new List<byte> { 0xDD, 0, 0, (byte)(names.Count >> 8), (byte)names.Count };
        foreach (var name in names)
        {
            packed.AddRange([0xDA, (byte)(name.Span.Length >> 8), (byte)name.Span.Length]);
            packed.AddRange(name.Span);
        }

        return [.. packed];
    }

    /// <summary>Whether a key has been used since a second of the server's clock.</summary>
    private static bool IsUsed(ScriptCall script, Blob key)
    {
        var since = long.Parse(script.Arguments[3].ToString(), CultureInfo.InvariantCulture);
        var server = script.Server;
        var idle = server.Keyspace.Find(key, touch: false) is { } entry ? (server.Clock - entry.UsedAt) / 1000 : 0;
        return idle <= (server.Clock / 1000) - since;
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
