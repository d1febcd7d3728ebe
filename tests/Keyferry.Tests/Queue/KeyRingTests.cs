using CsCheck;
using Keyferry.Queue;

namespace Keyferry.Tests.Queue;

public class KeyRingTests
{
    [Fact]
    public void Keys_come_out_in_the_order_in_which_they_went_in_whatever_their_size() =>
        Gen.Select(Gen.Bool, Gen.Frequency((20, Gen.Int[0, 60]), (1, Gen.Int[60_000, 200_000])))
            .Array[1, 3000]
            .Sample(
                steps =>
                {
                    var ring = new KeyRing();
                    var expected = new System.Collections.Generic.Queue<(int Length, long Sequence)>();
                    var sequence = 0L;
                    foreach (var (append, length) in steps)
                    {
                        if (append || expected.Count == 0)
                        {
                            var key = new byte[length];
                            Array.Fill(key, (byte)length);
                            var position = ring.Append(new KeyEntry { Key = key, Sequence = ++sequence });
                            Assert.Equal(sequence, ring.At(position).Sequence);
                            expected.Enqueue((length, sequence));
                        }
                        else
                        {
                            Assert.True(ring.TryPeek(out var entry, out _));
                            Assert.Equal(expected.Dequeue(), (entry.Key.Length, entry.Sequence));
                            Assert.True(entry.Key.IndexOfAnyExcept((byte)entry.Key.Length) < 0);
                            ring.DropFirst();
                        }
                    }

                    Assert.Equal(expected.Count, ring.Count);
                },
                iter: 30
            );
}
