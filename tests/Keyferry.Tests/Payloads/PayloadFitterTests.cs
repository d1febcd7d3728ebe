using System.Buffers.Binary;
using Keyferry.Payloads;
using Keyferry.Servers;

namespace Keyferry.Tests.Payloads;

/// <summary>Payloads as real servers wrote them, and what becomes of them for other servers.</summary>
public sealed class PayloadFitterTests
{
    private static readonly PayloadFormat _redis60 = Format("redis_version:6.0.16");
    private static readonly PayloadFormat _redis70 = Format("redis_version:7.0.15");
    private static readonly PayloadFormat _redis80 = Format("redis_version:8.0.2");
    private static readonly PayloadFormat _redis86 = Format("redis_version:8.6.3");
    private static readonly PayloadFormat _valkey81 = Format("redis_version:7.2.4\nvalkey_version:8.1.1");
    private static readonly PayloadFormat _valkey91 = Format("redis_version:7.2.4\nvalkey_version:9.1.2");

    /// <summary>HSET h a 1 b 2 c hello, with b expiring, in the listpack of Redis 8.0.</summary>
    private static readonly byte[] _small = Convert.FromHexString(
        "190038D360BA010000"
            + "2929000000090081620202"
            + "01F40038D360BA0100000981610201010001"
            + "81630285"
            + "68656C6C6F06"
            + "0001FF0C00EDD04EC0BA69E743"
    );

    /// <summary>The same with two expiries, in the hash table of Redis 8.0.</summary>
    private static readonly byte[] _large = Convert.FromHexString(
        "180038D360BA010000" + "03000163" + "0568656C6C6F" + "43850161C001" + "010162C002" + "0C00D6490B8537546FA8"
    );

    /// <summary>The same as Valkey 9.1 wrote it.</summary>
    private static readonly byte[] _valkey = Convert.FromHexString(
        "160301"
            + "61C001"
            + "843BD360BA010000"
            + "0162C002"
            + "0038D360BA010000"
            + "0163"
            + "0568656C6C6F"
            + "FFFFFFFFFFFFFFFF"
            + "5000BC14DEB41972D556"
    );

    [Fact]
    public void The_checksum_is_that_of_the_servers()
    {
        Assert.Equal(0xE9C6D914C4B8D9CA, Crc64.Of("123456789"u8));
        Assert.All(
            [_small, _large, _valkey],
            static payload => Assert.Equal(ChecksumOf(payload), Crc64.Of(payload.AsSpan(0, payload.Length - 8)))
        );
    }

    [Fact]
    public void Another_version_changes_the_checksum_by_their_difference()
    {
        var footer = new byte[PayloadFooter.Length];
        var expected = new byte[PayloadFooter.Length];
        PayloadFooter.WriteWithVersion(_small, 80, footer);
        PayloadFooter.Write(_small.AsSpan(0, _small.Length - PayloadFooter.Length), 80, expected);

        Assert.Equal(expected, footer);
    }

    [Fact]
    public void A_damaged_payload_stays_damaged()
    {
        var damaged = (byte[])[0, 1, (byte)'x', 12, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        using var fitter = new PayloadFitter(_redis80, _valkey81, 0);

        var fitted = fitter.Fit(damaged);

        Assert.Equal(PayloadFit.Fits, fitted.Fit);
        Assert.NotEqual(Crc64.Of((byte[])[.. fitted.Body, .. fitted.Footer[..2]]), ChecksumOf(fitted.Footer));
    }

    [Fact]
    public void Field_expiries_cross_between_the_families()
    {
        using var toValkey = new PayloadFitter(_redis80, _valkey91, 0);
        using var toRedis = new PayloadFitter(_valkey91, _redis80, 0);

        var there = toValkey.Fit(_large);
        var back = toRedis.Fit((byte[])[.. there.Body, .. there.Footer]);

        Assert.Equal(_large, (byte[])[.. back.Body, .. back.Footer]);
        Assert.Equal((byte)PayloadType.ValkeyHashWithExpiries, there.Body[0]);
        Assert.Equal((byte)PayloadType.ValkeyHashWithExpiries, toValkey.Fit(_small).Body[0]);
        Assert.Equal((byte)PayloadType.HashWithExpiries, toRedis.Fit(_valkey).Body[0]);
    }

    [Fact]
    public void Field_expiries_move_with_the_clocks()
    {
        using var fitter = new PayloadFitter(_redis80, _redis80, 1000);

        var fitted = fitter.Fit(_large);

        Assert.Equal(
            BinaryPrimitives.ReadInt64LittleEndian(_large.AsSpan(1)) + 1000,
            BinaryPrimitives.ReadInt64LittleEndian(fitted.Body[1..])
        );
    }

    [Theory]
    [InlineData("redis_version:6.0.16")]
    [InlineData("redis_version:7.0.15")]
    [InlineData("redis_version:7.2.4\nvalkey_version:8.1.1")]
    public void A_target_without_field_expiries_cannot_hold_them(string info)
    {
        using var fitter = new PayloadFitter(_redis80, Format(info), 0);

        Assert.Equal(PayloadFit.Impossible, fitter.Fit(_small).Fit);
        Assert.Equal(PayloadFit.Impossible, fitter.Fit(_large).Fit);
    }

    [Fact]
    public void A_value_of_a_module_goes_only_to_a_server_that_has_it()
    {
        // VADD v VALUES 2 1.5 2.5 a: the id of the type is all that is looked at here.
        var payload = (byte[])[(byte)PayloadType.Module, 0x81, .. IdOf("vectorset"), 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        var vectors = new HashSet<string> { "vectorset" };
        using var same = new PayloadFitter(_redis80 with { Modules = vectors }, _redis86 with { Modules = vectors }, 0);
        using var without = new PayloadFitter(_redis80 with { Modules = vectors }, _redis86, 0);
        using var older = new PayloadFitter(_redis86 with { Modules = vectors }, _redis70 with { Modules = vectors }, 0);

        Assert.Equal(PayloadFit.Fits, same.Fit(payload).Fit);
        Assert.Contains("vectorset", without.Fit(payload).Reason, StringComparison.Ordinal);
        Assert.Equal(PayloadFit.Impossible, older.Fit(payload).Fit);
    }

    [Theory]
    [InlineData("mymod", "mymod", true)]
    [InlineData("mymod", "", false)]
    [InlineData("mymod,vectorset", "mymod", true)]
    [InlineData("mymod,another", "mymod", false)]
    [InlineData("", "", true)]
    public void A_value_of_a_type_that_is_not_known_here_goes_where_every_module_is_that_may_have_it(
        string onSource,
        string onTarget,
        bool fits
    )
    {
        var payload = (byte[])[(byte)PayloadType.Module, 0x81, .. IdOf("mine-type"), 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        using var fitter = new PayloadFitter(
            _redis70 with
            {
                Modules = onSource.Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
            },
            _redis80 with
            {
                Modules = onTarget.Split(',', StringSplitOptions.RemoveEmptyEntries).ToHashSet(),
            },
            0
        );

        Assert.Equal(fits, fitter.Fit(payload).Fit == PayloadFit.Fits);
    }

    [Fact]
    public void An_old_server_that_would_end_is_sent_no_value_of_a_module_that_nobody_tells_of()
    {
        var payload = (byte[])[(byte)PayloadType.Module, 0x81, .. IdOf("mine-type"), 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        using var fitter = new PayloadFitter(_redis60, _redis60, 0);

        Assert.Equal(PayloadFit.Impossible, fitter.Fit(payload).Fit);
    }

    [Fact]
    public void Whatever_the_bytes_are_the_answer_is_one_of_three()
    {
        var random = new Random(5);
        using var fitter = new PayloadFitter(_redis86, _redis60, 0);
        for (var round = 0; round < 20_000; round++)
        {
            var payload = new byte[random.Next(0, 60)];
            random.NextBytes(payload);
            if (payload.Length > 12)
            {
                // Types that are looked into, in parts that look right.
                payload[0] = (byte)random.Next(15, 27);
                payload[1] = (byte)random.Next(0, 70);
            }

            Assert.True(Enum.IsDefined(fitter.Fit(payload).Fit));
        }
    }

    [Fact]
    public void A_cut_payload_is_left_to_commands()
    {
        using var fitter = new PayloadFitter(_redis80, _valkey91, 0);
        for (var length = PayloadFooter.Length + 1; length < _small.Length; length++)
        {
            Assert.Equal(PayloadFit.NeedsCommands, fitter.Fit(_small.AsSpan(0, length)).Fit);
        }
    }

    private static PayloadFormat Format(string info) => PayloadFormat.Of(ServerIdentity.Parse(info));

    private static ulong ChecksumOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]);

    private static byte[] IdOf(string type)
    {
        const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var id = type.Aggregate(0UL, static (bits, letter) => (bits << 6) | (uint)Letters.IndexOf(letter, StringComparison.Ordinal)) << 10;
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id);
        return bytes;
    }
}
