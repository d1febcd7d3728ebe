using Keyferry.Payloads;
using Keyferry.Resp;

namespace Keyferry.Tests.Payloads;

/// <summary>Which modules a server has is known even where the user may not ask for the list.</summary>
public sealed class ModuleNameTests
{
    [Fact]
    public void Modules_that_INFO_tells_count_where_the_list_is_refused()
    {
        var refused = RespValue.Of("-NOPERM this user has no permissions to run the 'module|list' command\r\n"u8);

        Assert.Equal(["bf"], ModuleName.InList(refused, ["bf"]));
    }

    [Fact]
    public void The_list_counts_where_it_is_told()
    {
        var list = RespValue.Of("*1\r\n*4\r\n$4\r\nname\r\n$2\r\nbf\r\n$3\r\nver\r\n:1\r\n"u8);

        Assert.Equal(["bf"], ModuleName.InList(list, []));
    }
}
