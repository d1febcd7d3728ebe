using System.Text;
using Keyferry.Model;

namespace Keyferry.Tests.Model;

public sealed class KeySlotTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData("123456789", 12739)] // The check value of CRC16 XMODEM, 0x31C3.
    [InlineData("foo", 12182)]
    [InlineData("{foo}.bar", 12182)]
    [InlineData("a{foo}{bar}", 12182)]
    [InlineData("foo{}{bar}", 8363)]
    [InlineData("foo{{bar}}zap", 4015)]
    public void The_slot_is_that_of_the_first_braces_that_hold_something(string key, int slot) =>
        Assert.Equal(slot, KeySlot.Of(Encoding.ASCII.GetBytes(key)));

    [Fact]
    public void Every_slot_has_a_tag_that_leads_there()
    {
        for (var slot = 0; slot < KeySlot.Count; slot++)
        {
            Assert.Equal(slot, KeySlot.Of(Encoding.ASCII.GetBytes($"keyferry:{{{KeySlot.TagOf(slot)}}}:x")));
        }
    }
}
