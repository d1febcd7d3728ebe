using Keyferry.Capture;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Migration;

/// <summary>Whether the source can tell of changes at all, which a cutover needs: asked before anything is copied. Where only polling is left, nobody can prove that all has been moved.</summary>
internal static class HearingCheck
{
    /// <summary>What is left where the source tells of nothing.</summary>
    public const string WithoutCutover =
        "leave --cutover out: when the time has come stop the writers, let the run end (--until-idle, or Ctrl-C), and switch the clients yourself once it says EQUAL";

    /// <summary>What speaks against a cutover of a run that polls.</summary>
    public const string Saw = "A cutover needs a capture that hears of changes; polling finds them only with its next pass.";

    /// <summary>What to do about it.</summary>
    public const string Remedy = $"Use --capture notifications or tracking. Where the source has neither, {WithoutCutover}.";

    private static readonly ChannelFamily[] _families = [ChannelFamily.Event, ChannelFamily.Key];

    /// <summary>The refusal of a run that turns out to poll.</summary>
    public static KeyferryException Refused() => new(FailureKind.Refused, Saw, Remedy);

    /// <summary>Adds a refusal to the plan of a cutover whose source has neither subscriptions nor client tracking.</summary>
    /// <remarks>A source that lets its flags be read has both, as far as its user may use them; it is not asked.</remarks>
    public static async ValueTask<MigrationPlan> JudgeAsync(
        MigrationPlan plan,
        MigrationOptions options,
        ServerConnector source,
        CancellationToken stop
    )
    {
        if (!plan.MayHearNothing)
        {
            return plan;
        }

        List<string> against = [];
        if (options.Capture != CaptureKind.Tracking)
        {
            if (await SubscribesAsync(source, stop) is not { } refused)
            {
                return plan;
            }

            against.Add(refused);
        }

        if (options.Capture != CaptureKind.Notifications)
        {
            if (await TracksAsync(source, stop) is not { } refused)
            {
                return plan;
            }

            against.Add(refused);
        }

        var refusal = new KeyferryException(
            FailureKind.Refused,
            $"The source tells nobody of changes ({string.Join("; ", against)}). {Saw} So it cannot be proved that everything has been moved before the clients are.",
            $"{char.ToUpperInvariant(WithoutCutover[0])}{WithoutCutover[1..]}."
        );
        return plan with { Refusals = [.. plan.Refusals, refusal], HearsNothing = true };
    }

    private static async ValueTask<string?> SubscribesAsync(ServerConnector source, CancellationToken stop)
    {
        await using var connection = await source.Nodes[0].ConnectAsync("plan", stop);
        var refused = "";
        foreach (var family in _families)
        {
            var reply = await connection.TryCallAsync(stop, "PSUBSCRIBE", family.Pattern());
            if (!reply.IsError)
            {
                return null;
            }

            refused = reply.Text.TrimEnd().TrimEnd('.');
        }

        return refused;
    }

    private static async ValueTask<string?> TracksAsync(ServerConnector source, CancellationToken stop)
    {
        await using var connection = await source.Nodes[0].ConnectAsync("plan", stop);
        var hello = await connection.TryCallAsync(stop, "HELLO", 3);
        var reply = hello.IsError ? hello : await connection.TryCallAsync(stop, "CLIENT", "TRACKING", "ON", "BCAST");
        return reply.IsError ? reply.Text.TrimEnd().TrimEnd('.') : null;
    }
}
