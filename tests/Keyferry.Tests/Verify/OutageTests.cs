using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Verify;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Verify;

public sealed class OutageTests
{
    [Fact]
    public async Task Pauses_grow_until_the_budget_is_spent()
    {
        var time = new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.Zero };
        var outage = new Outage(time, TimeSpan.FromSeconds(10));
        var stop = TestContext.Current.CancellationToken;
        var start = time.GetUtcNow();
        var pauses = 0;
        var lost = await Assert.ThrowsAsync<KeyferryException>(async () =>
        {
            while (true)
            {
                var pause = outage.PauseAsync(new IOException("gone"), stop).AsTask();
                while (!pause.IsCompleted)
                {
                    time.Advance(TimeSpan.FromMilliseconds(100));
                    await Task.Yield();
                }

                await pause;
                pauses++;
            }
        });

        Assert.Equal(FailureKind.Unreachable, lost.Kind);
        Assert.InRange(pauses, 6, 9);
        Assert.InRange((time.GetUtcNow() - start).TotalSeconds, 10, 16);
    }

    [Fact]
    public void Only_what_may_pass_is_waited_for()
    {
        Assert.True(Outage.IsPassing(new IOException("broken")));
        Assert.True(Outage.IsPassing(new ServerErrorException("LOADING Redis is loading the dataset in memory", "SCAN")));
        Assert.True(Outage.IsPassing(new KeyferryException(FailureKind.Unreachable, "down.", "Wait.")));
        Assert.False(Outage.IsPassing(new ServerErrorException("NOPERM no", "SCAN")));
        Assert.False(Outage.IsPassing(new KeyferryException(FailureKind.Failed, "no.", "Ask.")));
        Assert.False(Outage.IsPassing(new InvalidOperationException()));
    }
}
