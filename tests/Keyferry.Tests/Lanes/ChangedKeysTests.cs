using Keyferry.Lanes;

namespace Keyferry.Tests.Lanes;

public sealed class ChangedKeysTests
{
    [Fact]
    public void A_key_that_changes_often_is_one_key()
    {
        var changed = new ChangedKeys();
        for (var i = 0; i < 1000; i++)
        {
            changed.Add(i % 2, "k"u8);
        }

        Assert.Equal(2, changed.Take()?.Count);
        Assert.Empty(changed.Take() ?? []);
    }

    [Fact]
    public void Large_names_are_bounded_by_their_bytes()
    {
        var changed = new ChangedKeys();
        var name = new byte[1 << 20];
        for (var i = 0; i < 20; i++)
        {
            name[0] = (byte)i;
            changed.Add(0, name);
        }

        Assert.Null(changed.Take());
        changed.Add(0, name);
        Assert.Single(changed.Take() ?? []);
    }
}
