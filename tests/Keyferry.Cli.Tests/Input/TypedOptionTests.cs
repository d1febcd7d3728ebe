using System.CommandLine;
using Keyferry.Cli.Input;

namespace Keyferry.Cli.Tests.Input;

public sealed class TypedOptionTests
{
    [Fact]
    public void A_value_out_of_bounds_is_named_with_what_is_allowed()
    {
        Assert.Equal(
            "--wait is \"5\"; it must be a duration such as 500ms, 2s, 5m or 1h, from 100ms to 1h",
            ErrorOf(TypedOption.Duration("--wait", "", TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)), "5")
        );
        Assert.Equal("--n is \"0\"; it must be a whole number from 1 to 9", ErrorOf(TypedOption.Whole("--n", "N", "", 1, 9), "0"));
        Assert.Equal(
            "--room is \"1kB\"; it must be a size such as 512kB, 64MB or 1GiB, at least 1MB",
            ErrorOf(TypedOption.Size("--room", "", 1_000_000), "1kB")
        );
        Assert.Equal("--way is \"up\"; it must be one of in, out", ErrorOf(TypedOption.Choice("--way", "", ("in", 1), ("out", 2)), "up"));
    }

    [Fact]
    public void A_good_value_is_read_and_none_is_null()
    {
        var option = TypedOption.Choice("--way", "", ("in", 1), ("out", 2));
        Assert.Equal(2, Bench.Parse(new Command("test") { option }, "--way", "out").GetValue(option));
        Assert.Null(Bench.Parse(new Command("test") { option }).GetValue(option));
    }

    private static string ErrorOf(Option option, string value) =>
        Assert.Single(Bench.Parse(new Command("test") { option }, option.Name, value).Errors).Message;
}
