using Keyferry.Verify;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Tests.Verify;

/// <summary>Whoever compares leaves the servers to the application, until somebody waits.</summary>
public sealed class RestsTests
{
    private const int Times = 9;
    private static readonly TimeSpan Work = TimeSpan.FromMilliseconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly Rests _rests;

    public RestsTests() => _rests = new Rests(Times, _time);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rest_is_so_many_times_as_long_as_the_work()
    {
        var rest = RestAfterWork();

        _time.Advance((Work * Times) - TimeSpan.FromTicks(1));
        Assert.False(rest.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await rest.WaitAsync(TimeSpan.FromSeconds(5), Stop);
    }

    [Fact]
    public async Task Next_work_begins_after_the_rest()
    {
        var rest = RestAfterWork();
        _time.Advance(Work * Times);
        await rest.WaitAsync(TimeSpan.FromSeconds(5), Stop);

        Assert.True(_rests.TakeAsync(Stop).AsTask().IsCompletedSuccessfully, "there was no work to rest from");
    }

    [Fact]
    public async Task Whoever_waits_ends_a_rest_at_once()
    {
        var rest = RestAfterWork();

        _rests.Hurry = true;

        await rest.WaitAsync(TimeSpan.FromSeconds(5), Stop);
        Assert.True(RestAfterWork().IsCompletedSuccessfully);
    }

    [Fact]
    public void Rests_come_back_when_nobody_waits_any_more()
    {
        _rests.Hurry = true;
        _rests.Hurry = false;

        Assert.False(RestAfterWork().IsCompleted);
    }

    [Fact]
    public async Task Work_that_took_long_because_a_server_stood_still_is_not_rested_from_for_ever()
    {
        _rests.Begin();
        _time.Advance(TimeSpan.FromMinutes(10));
        var rest = _rests.TakeAsync(Stop).AsTask();

        _time.Advance(TimeSpan.FromSeconds(5));

        await rest.WaitAsync(TimeSpan.FromSeconds(5), Stop);
    }

    [Fact]
    public async Task Rest_ends_with_the_run()
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        _rests.Begin();
        _time.Advance(Work);
        var rest = _rests.TakeAsync(ending.Token).AsTask();

        await ending.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => rest);
    }

    private Task RestAfterWork()
    {
        _rests.Begin();
        _time.Advance(Work);
        return _rests.TakeAsync(Stop).AsTask();
    }
}
