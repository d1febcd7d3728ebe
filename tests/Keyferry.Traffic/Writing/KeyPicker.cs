using Keyferry.Traffic.Keys;
using StackExchange.Redis;

namespace Keyferry.Traffic.Writing;

/// <summary>Draws keys for the writer: by kind and database, a fifth of the draws from a few hot keys, the rest from everywhere.</summary>
public sealed class KeyPicker
{
    private const int HotKeysPerKind = 20;
    private static readonly int KindCount = Enum.GetValues<KeyKind>().Length;

    private readonly KeySpace _keys;
    private readonly Dice _dice;
    private readonly int[][] _numbers;

    public KeyPicker(KeySpace keys, Dice dice)
    {
        _keys = keys;
        _dice = dice;
        var byKind = Enumerable.Range(0, keys.Databases * KindCount).Select(_ => new List<int>()).ToArray();
        for (int number = 0; number < keys.Count; number++)
        {
            byKind[Shelf(keys.KindOf(number), keys.DatabaseOf(number))].Add(number);
        }

        _numbers = [.. byKind.Select(list => list.ToArray())];
    }

    public int Databases => _keys.Databases;

    /// <summary>A key that was filled as <paramref name="kind"/>, or, where the key space has none of it, one more of that kind.</summary>
    public RedisKey Pick(KeyKind kind, int database)
    {
        int[] numbers = _numbers[Shelf(kind, database)];
        if (numbers.Length == 0)
        {
            return $"{kind}:extra:{_dice.Below(HotKeysPerKind)}";
        }

        int choices = _dice.Chance(200) ? Math.Min(HotKeysPerKind, numbers.Length) : numbers.Length;
        return _keys.NameOf(numbers[_dice.Below(choices)]);
    }

    /// <summary>A key of any kind, in proportion to the mix.</summary>
    public RedisKey PickAny(int database) => Pick(PickKind(), database);

    public KeyKind PickKind() => _keys.Count == 0 ? KeyKind.Text : _keys.KindOf(_dice.Below(_keys.Count));

    public int PickDatabase() => _dice.Below(_keys.Databases);

    private static int Shelf(KeyKind kind, int database) => (database * KindCount) + (int)kind;
}
