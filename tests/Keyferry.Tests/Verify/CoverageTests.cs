using Keyferry.Model;
using Keyferry.Verify;

namespace Keyferry.Tests.Verify;

/// <summary>What counts as compared: a key that was touched does not, until a comparison has found it equal.</summary>
public sealed class CoverageTests
{
    private readonly Coverage _coverage = new();

    [Fact]
    public void Touched_key_is_unproved_until_it_is_found_equal()
    {
        _coverage.Add([Key(1), Key(2)]);
        _ = Taken(10);
        _coverage.Proved(Key(1));

        Assert.Equal([Key(2)], Taken(10));
    }

    /// <summary>The comparison has looked before whoever hands the key in has.</summary>
    [Fact]
    public void Key_that_is_handed_in_again_during_its_comparison_stays_unproved()
    {
        _coverage.Add([Key(1)]);
        _ = Taken(10);
        _coverage.Add([Key(1)]);
        _coverage.Proved(Key(1));
        Assert.Equal([Key(1)], Taken(10));

        _coverage.Proved(Key(1));
        Assert.Empty(Taken(10));
    }

    [Fact]
    public void Walk_that_began_before_the_coverage_was_void_completes_nothing()
    {
        var epoch = _coverage.Epoch;
        _coverage.Void("a gap");
        _coverage.Completed(epoch);
        Assert.False(_coverage.IsComplete);

        _coverage.Completed(_coverage.Epoch);
        Assert.True(_coverage.IsComplete);
    }

    [Fact]
    public void Every_key_has_its_turn_where_not_all_are_taken_at_once()
    {
        _coverage.Add(Enumerable.Range(0, 100).Select(Key));
        var seen = new HashSet<KeyId>();
        for (var round = 0; round < 40; round++)
        {
            foreach (var key in Taken(10))
            {
                _ = seen.Add(key);
                // Every third one never looks equal, and must not keep the others from their turn.
                if (BitConverter.ToInt32(key.Name.Span) % 3 == 0)
                {
                    _ = _coverage.Unequal(key);
                }
                else
                {
                    _coverage.Proved(key);
                }
            }
        }

        Assert.Equal(100, seen.Count);
        Assert.Equal(34, _coverage.Unproved);
    }

    [Fact]
    public void Key_that_is_unequal_again_and_again_is_different_until_it_is_touched_or_equal()
    {
        _coverage.Add([Key(1), Key(2)]);
        for (var look = 1; look <= 5; look++)
        {
            Assert.Equal(0, _coverage.Different);
            Assert.Equal(look, _coverage.Unequal(Key(1)));
            _ = _coverage.Unequal(Key(2));
        }

        Assert.Equal(2, _coverage.Different);
        _ = _coverage.Unequal(Key(1));
        Assert.Equal(2, _coverage.Different);
        _coverage.Add([Key(1)]);
        Assert.Equal(1, _coverage.Different);
        _ = Taken(10);
        _coverage.Proved(Key(2));
        Assert.Equal(0, _coverage.Different);
    }

    [Fact]
    public void Nothing_is_known_once_the_coverage_is_void()
    {
        _coverage.Add([Key(1)]);
        _coverage.Completed(_coverage.Epoch);
        _coverage.Void("a gap");

        Assert.False(_coverage.IsComplete);
        Assert.Equal(0, _coverage.Unproved);
        Assert.Equal("a gap", _coverage.LostBy);
    }

    /// <summary>Whatever their names are long: what is remembered has a budget in bytes.</summary>
    [Theory]
    [InlineData(4, 330_000)]
    [InlineData(1_000_000, 34)]
    public void More_than_can_be_remembered_voids_the_coverage(int nameLength, int tooMany)
    {
        _coverage.Completed(_coverage.Epoch);
        for (var round = 0; round < 3; round++)
        {
            // What was found equal is remembered no more.
            _coverage.Add(Enumerable.Range(round * tooMany, tooMany / 2).Select(Long));
            Taken(tooMany).ForEach(key => _coverage.Proved(key));
        }

        Assert.Equal((true, 0), (_coverage.IsComplete, _coverage.Unproved));
        _coverage.Add(Enumerable.Range(0, tooMany).Select(Long));

        Assert.False(_coverage.IsComplete);
        Assert.NotEqual(0, _coverage.Epoch);

        KeyId Long(int number)
        {
            var name = new byte[nameLength];
            BitConverter.GetBytes(number).CopyTo(name, 0);
            return new KeyId(0, new KeyName(name));
        }
    }

    private List<KeyId> Taken(int most) => [.. _coverage.Take(most).Select(static entry => entry.Key)];

    private static KeyId Key(int number) => new(0, new KeyName(BitConverter.GetBytes(number)));
}
