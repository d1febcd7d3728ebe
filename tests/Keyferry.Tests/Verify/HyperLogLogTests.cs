using CsCheck;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

public sealed class HyperLogLogTests
{
    private const int Registers = 16384;

    private static readonly Gen<byte[]> _registers = Gen.Select(Gen.Int[0, Registers - 1], Gen.Byte[1, 32])
        .Array[0, 40]
        .Select(static set =>
        {
            var registers = new byte[Registers];
            foreach (var (index, value) in set)
            {
                registers[index] = value;
            }

            return registers;
        });

    [Fact]
    public void Both_encodings_say_the_same()
    {
        _registers.Sample(
            static registers =>
            {
                var dense = Dense(registers, cached: 1);
                var sparse = Sparse(registers, cached: 2);
                Span<byte> read = stackalloc byte[Registers];
                return HyperLogLog.TryRead(dense, read)
                    && read.SequenceEqual(registers)
                    && HyperLogLog.TryRead(sparse, read)
                    && read.SequenceEqual(registers)
                    && HyperLogLog.AreEqual(dense, sparse);
            },
            iter: 30
        );
    }

    [Fact]
    public void One_register_is_a_difference()
    {
        var registers = new byte[Registers];
        var before = Sparse(registers, cached: 0);
        registers[Registers - 1] = 1;

        Assert.False(HyperLogLog.AreEqual(before, Sparse(registers, cached: 0)));
        Assert.False(HyperLogLog.AreEqual(before, Dense(registers, cached: 0)));
    }

    [Fact]
    public void What_is_no_HyperLogLog_is_not_read_as_one()
    {
        var whole = Sparse(new byte[Registers], cached: 0);
        var registers = new byte[Registers];

        Assert.True(HyperLogLog.TryRead(whole, registers));
        Assert.False(HyperLogLog.TryRead(whole.AsSpan(0, whole.Length - 1), registers));
        Assert.False(HyperLogLog.TryRead([.. whole, 0], registers));
        Assert.False(HyperLogLog.TryRead("HYLL"u8, registers));
        Assert.False(HyperLogLog.TryRead(Dense(registers, cached: 0).AsSpan(1), registers));
    }

    private static byte[] Dense(byte[] registers, byte cached)
    {
        var value = new byte[HyperLogLog.MaxLength];
        "HYLL"u8.CopyTo(value);
        value[8] = cached;
        for (var i = 0; i < Registers; i++)
        {
            for (var bit = 0; bit < 6; bit++)
            {
                var at = (i * 6) + bit;
                value[16 + (at / 8)] |= (byte)(((registers[i] >> bit) & 1) << (at % 8));
            }
        }

        return value;
    }

    private static byte[] Sparse(byte[] registers, byte cached)
    {
        List<byte> value = [.. "HYLL"u8, 1, 0, 0, 0, cached, 0, 0, 0, 0, 0, 0, 0];
        for (var i = 0; i < Registers; )
        {
            var run = 1;
            while (i + run < Registers && registers[i + run] == registers[i] && run < (registers[i] == 0 ? Registers : 4))
            {
                run++;
            }

            if (registers[i] > 0)
            {
                value.Add((byte)(0x80 | ((registers[i] - 1) << 2) | (run - 1)));
            }
            else if (run <= 64)
            {
                value.Add((byte)(run - 1));
            }
            else
            {
                value.AddRange([(byte)(0x40 | ((run - 1) >> 8)), (byte)((run - 1) & 0xff)]);
            }

            i += run;
        }

        return [.. value];
    }
}
