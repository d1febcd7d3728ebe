using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
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
        server.Scripts.Register(static body => body.Contains("cat(out)}", StringComparison.Ordinal), Entries);
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
        var entries = new List<byte>();
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
                entries.AddRange(SHA1.HashData(key.Span)[..6]);
                var expiry = script.ExpiresAt(key);
                entries.Add((byte)(expiry >= 0 ? 'E' : 'N'));
                entries.AddRange(SHA1.HashData(Canonical(script, key)[..^10])[..8]);
                if (expiry >= 0)
                {
                    var bytes = new byte[8];
                    BinaryPrimitives.WriteInt64BigEndian(bytes, expiry);
                    entries.AddRange(bytes[2..]);
                }
            }
        );
        script.Reply.Array(3);
        script.Reply.Bulk(cursor);
        script.Reply.Integer(size);
        script.Reply.Bulk((byte[])[.. entries]);
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
