using System.Text;
using Keyferry.Lanes;
using Keyferry.Model;
using Keyferry.Queue;

namespace Keyferry.Tests.Lanes;

/// <summary>The keys that stand out of those that were moved.</summary>
public sealed class NotableKeysTests
{
    private readonly NotableKeys _notable = new();

    [Fact]
    public void The_ten_biggest_are_kept_in_order()
    {
        for (var i = 1; i <= 100; i++)
        {
            Move(TimeSpan.Zero, ($"key:{i * 37 % 101}", i * 37 % 101 * 10, KeyType.Text));
        }

        Assert.Equal(
            Enumerable.Range(91, 10).Reverse().Select(static i => i * 10L),
            _notable.Taken().Biggest.Select(static key => key.Bytes)
        );
    }

    [Fact]
    public void A_key_that_is_moved_again_stands_there_once()
    {
        Move(TimeSpan.Zero, ("a", 10, KeyType.List));
        Move(TimeSpan.Zero, ("a", 30, KeyType.List));
        Move(TimeSpan.Zero, ("a", 20, KeyType.List));

        Assert.Equal(30, Assert.Single(_notable.Taken().Biggest).Bytes);
    }

    [Fact]
    public void What_took_long_is_the_biggest_of_those_that_travelled_together()
    {
        Move(TimeSpan.FromSeconds(2), ("small", 10, KeyType.Text), ("big", 5000, KeyType.Hash), ("small too", 20, KeyType.Text));
        Move(TimeSpan.FromSeconds(1), ("other", 10, KeyType.Text));

        Assert.Equal(["big", "other"], _notable.Taken().Slowest.Select(static key => Encoding.UTF8.GetString(key.Key.Name.Span)));
        Assert.Equal(TimeSpan.FromSeconds(2), _notable.Taken().Slowest[0].Took);
        Assert.Equal(KeyType.Hash, _notable.Taken().Slowest[0].Type);
    }

    [Fact]
    public void Values_are_counted_by_type_and_deletes_are_not()
    {
        Move(TimeSpan.Zero, ("a", 1, KeyType.Text), ("b", 1, KeyType.Hash), ("c", 1, KeyType.Text));
        Move(KeyWrite.Unlink, TimeSpan.Zero, ("gone", 0, KeyType.Unknown));

        Assert.Equal(
            new Dictionary<KeyType, long> { [KeyType.Text] = 2, [KeyType.Hash] = 1 },
            _notable.Taken().ByType.ToDictionary(static pair => pair.Key, static pair => pair.Value)
        );
        Assert.DoesNotContain(_notable.Taken().Biggest, static key => key.Bytes == 0);
    }

    private void Move(TimeSpan took, params (string Key, int Bytes, KeyType Type)[] keys) => Move(KeyWrite.Put, took, keys);

    private void Move(KeyWrite write, TimeSpan took, params (string Key, int Bytes, KeyType Type)[] keys)
    {
        var batch = new KeyBatch();
        foreach (var (key, bytes, type) in keys)
        {
            batch.Add(new KeyEntry { Key = Encoding.UTF8.GetBytes(key) });
            ref var item = ref batch.Items[batch.Count - 1];
            (item.Write, item.PayloadBytes, item.Type) = (write, bytes, type);
        }

        _notable.Moved(batch, took);
    }
}
