using System.Globalization;
using System.Text;
using CsCheck;
using Keyferry.Notifications;

namespace Keyferry.Tests.Notifications;

public sealed class NotificationMessageTests
{
    [Theory]
    [InlineData("__keyevent@0__:set", "user:1", 0, "set", "user:1")]
    [InlineData("__keyevent@12__:expired", "a b", 12, "expired", "a b")]
    [InlineData("__keyevent@0__:del", "", 0, "del", "")]
    [InlineData("__keyevent@3__:set", "__keyspace@1__:x", 3, "set", "__keyspace@1__:x")]
    [InlineData("__keyspace@0__:user:1", "set", 0, "set", "user:1")]
    [InlineData("__keyspace@12__:a@b__:c", "lpush", 12, "lpush", "a@b__:c")]
    [InlineData("__keyspace@0__:", "set", 0, "set", "")]
    [InlineData("__keyspace@7__:line\r\nbreak", "hset", 7, "hset", "line\r\nbreak")]
    [InlineData("__keyevent@0__:xgroup-create", "__:", 0, "xgroup-create", "__:")]
    public void BothFamiliesAreUnderstood(string channel, string payload, int database, string what, string key)
    {
        Assert.True(Parse(Encoding.UTF8.GetBytes(channel), Encoding.UTF8.GetBytes(payload), out var message));
        Assert.Equal((database, what, key), (message.Database, message.What, Encoding.UTF8.GetString(message.Key)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("news")]
    [InlineData("__keyevent@")]
    [InlineData("__keyevent@0")]
    [InlineData("__keyevent@0_:set")]
    [InlineData("__keyevent@__:set")]
    [InlineData("__keyevent@x__:set")]
    [InlineData("__keyevent@-1__:set")]
    [InlineData("__keyevent@99999999999__:set")]
    [InlineData("__keyevent@0__:")]
    [InlineData("__redis__:invalidate")]
    public void AnythingElseIsNone(string channel) => Assert.False(Parse(Encoding.UTF8.GetBytes(channel), "k"u8.ToArray(), out _));

    [Fact]
    public void EveryKeySurvivesInBothFamilies() =>
        Gen.Select(Gen.Byte.Array[0, 40], Gen.Int[0, 100_000])
            .Sample(
                (key, database) =>
                {
                    var number = database.ToString(CultureInfo.InvariantCulture);
                    byte[] byKey = [.. Encoding.ASCII.GetBytes($"__keyspace@{number}__:"), .. key];
                    Assert.True(Parse(byKey, "set"u8.ToArray(), out var one));
                    Assert.True(Parse(Encoding.ASCII.GetBytes($"__keyevent@{number}__:set"), key, out var other));
                    Assert.Equal(key, one.Key);
                    Assert.Equal(key, other.Key);
                    Assert.Equal((database, "set"), (one.Database, one.What));
                    Assert.Equal((database, "set"), (other.Database, other.What));
                },
                iter: 300
            );

    private static bool Parse(byte[] channel, byte[] payload, out (int Database, string What, byte[] Key) message)
    {
        var parsed = NotificationMessage.TryParse(channel, payload, out var database, out var what, out var key);
        message = (database, Encoding.UTF8.GetString(what), key.ToArray());
        return parsed;
    }
}
