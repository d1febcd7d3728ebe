using Keyferry.Capture;
using Keyferry.Servers;

namespace Keyferry.Tests.Capture;

/// <summary>Whether a lost connection may have been cut off for its output buffer, and what is said of it.</summary>
public sealed class BufferCutsTests
{
    private readonly BufferCuts _cuts = new();

    [Fact]
    public void Only_cuts_since_the_last_sign_of_life_count()
    {
        Seen(10, 0);
        Seen(20, 3);
        Seen(30, 3);
        Seen(40, 4);

        Assert.Equal((4, 1, 1, 0), (_cuts.Since(15), _cuts.Since(20), _cuts.Since(35), _cuts.Since(40)));
        Assert.Null(_cuts.Since(5));
    }

    [Fact]
    public void Counts_that_began_anew_tell_nothing()
    {
        Seen(10, 3);
        Seen(20, 1);
        Assert.Null(_cuts.Since(15));
        Seen(30, 9, run: "b");
        Assert.Null(_cuts.Since(25));
    }

    [Fact]
    public void An_older_answer_is_passed_over()
    {
        Seen(10, 0);
        Seen(30, 2);
        Seen(20, 0);
        Assert.Equal(2, _cuts.Since(15));
    }

    [Fact]
    public void Sources_that_do_not_count_are_told_apart()
    {
        Assert.False(_cuts.AreCounted);
        Seen(10, null);
        Assert.False(_cuts.AreCounted);
        Assert.Null(_cuts.Since(10));
        Seen(20, 0);
        Assert.True(_cuts.AreCounted);
        Assert.Null(_cuts.Since(15));
    }

    [Theory]
    [InlineData(null, null, true, "lost: gone (whether for its output buffer, client-output-buffer-limit pubsub, is not counted there)")]
    [InlineData(null, null, false, "lost: gone")]
    [InlineData(0, 0, true, "lost: gone")]
    [InlineData(0, 1, true, "cut off 1 client for the output buffer, most likely this one: raise client-output-buffer-limit pubsub")]
    [InlineData(0, 2, false, "cut off 2 clients for the output buffer, most likely this one")]
    public void A_loss_says_what_is_known_and_what_is_not(int? before, int? after, bool wasClosed, string said)
    {
        Seen(10, before);
        var loss = CaptureLoss.Of(new EndOfStreamException("gone"), alive: 15, _cuts, wasClosed ? "pubsub" : null);
        Seen(20, after);

        var told = loss.Told(_cuts, "pubsub");

        Assert.Contains(said, told, StringComparison.Ordinal);
        Assert.Equal(after > 0, told != loss.Reason);
    }

    private void Seen(long at, int? count, string run = "a") =>
        _cuts.Seen(
            ServerIdentity.Parse(
                count is null ? $"run_id:{run}\r\n" : $"run_id:{run}\r\nclient_output_buffer_limit_disconnections:{count}\r\n"
            ),
            at
        );
}
