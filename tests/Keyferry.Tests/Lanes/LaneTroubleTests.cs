using Keyferry.Lanes;

namespace Keyferry.Tests.Lanes;

public sealed class LaneTroubleTests
{
    [Theory]
    [InlineData("LOADING Redis is loading the dataset in memory")]
    [InlineData("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")]
    [InlineData("CLUSTERDOWN The cluster is down")]
    [InlineData("TRYAGAIN Multiple keys request during rehashing of slot")]
    [InlineData("READONLY You can't write against a read only replica.")]
    [InlineData("OOM command not allowed when used memory > 'maxmemory'.")]
    [InlineData("BUSY Redis is busy running a script.")]
    [InlineData("MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.")]
    [InlineData("NOREPLICAS Not enough good replicas to write.")]
    public void What_a_server_grows_out_of_is_waited_for(string reply)
    {
        Assert.True(LaneTrouble.Passes(reply));
        Assert.NotEqual("", LaneTrouble.Describe(reply, "target"));
    }

    [Theory]
    [InlineData("NOPERM User x has no permissions to run the 'restore' command")]
    [InlineData("ERR unknown command 'RESTORE'")]
    [InlineData("WRONGTYPE Operation against a key holding the wrong kind of value")]
    public void What_lasts_is_not(string reply) => Assert.False(LaneTrouble.Passes(reply));
}
