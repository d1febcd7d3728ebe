using Keyferry.Control;
using Keyferry.Model;
using Keyferry.Observe;

namespace Keyferry.Cutover;

/// <summary>What the operator's programs, or he himself, do in a cutover.</summary>
/// <param name="options">Which programs.</param>
/// <param name="hooks">Runs them.</param>
/// <param name="questions">Asks him.</param>
/// <param name="context">What the programs are told of the run.</param>
/// <param name="tell">Tells him what he is asked.</param>
internal sealed class Operator(
    CutoverOptions options,
    IHookRunner hooks,
    PersonQuestions questions,
    HookContext context,
    Action<NoteLevel, string> tell
)
{
    /// <summary>The exit code by which a program says that it has changed nothing for certain (EX_TEMPFAIL of sysexits.h).</summary>
    public const int NothingDone = 75;

    /// <summary>Stops or starts the writers by the operator's program.</summary>
    /// <exception cref="CutoverFailedException">The program did not say that it had.</exception>
    public async ValueTask RunFenceHookAsync(bool raise, CancellationToken stop)
    {
        var program = options.FenceHook ?? throw new InvalidOperationException("a hook fence names its program");
        var result = await hooks.RunAsync(program, context.For(raise ? "fence" : "unfence"), options.HookTimeout, stop);
        if (result is not { Started: true, ExitCode: 0 })
        {
            throw new CutoverFailedException($"{program} with KEYFERRY_STEP={(raise ? "fence" : "unfence")} {Words(result)}");
        }
    }

    /// <summary>What must be known of the operator's program to start the writers again after a crash.</summary>
    public FenceLease FenceHookLease() =>
        new()
        {
            Kind = FenceKind.Hook,
            Program = options.FenceHook ?? "",
            Told = context.For("fence"),
        };

    /// <summary>Asks a person to stop or start the writers.</summary>
    /// <exception cref="CutoverFailedException">He did not.</exception>
    public async ValueTask AskFenceAsync(bool raise, CancellationToken stop)
    {
        if (!raise)
        {
            tell(NoteLevel.Warning, "The writers may be started again.");
            return;
        }

        if (
            !await AskAsync(
                "Stop everything that writes to the source now. Then: keyferry answer yes (or keyferry answer no, to take the cutover back).",
                false,
                stop
            )
        )
        {
            throw new CutoverFailedException("the writers were not stopped");
        }
    }

    /// <summary>Has the clients switched.</summary>
    public async ValueTask<SwitchAnswer> SwitchAsync(CancellationToken stop)
    {
        if (options.SwitchHook is not { } program)
        {
            return await AskAsync(
                $"Switch the clients to {context.Target} now. Then: keyferry answer yes (they are switched), or keyferry answer no (nothing was switched).",
                false,
                stop
            )
                ? new SwitchAnswer(SwitchOutcome.Switched, "")
                : new SwitchAnswer(SwitchOutcome.NotSwitched, "the clients were not switched");
        }

        var result = await hooks.RunAsync(program, context.For("switch"), options.HookTimeout, stop);
        return result switch
        {
            { Started: false } => new SwitchAnswer(SwitchOutcome.NotSwitched, $"{program} {Words(result)}"),
            { ExitCode: 0 } => new SwitchAnswer(SwitchOutcome.Switched, ""),
            { ExitCode: NothingDone } => new SwitchAnswer(SwitchOutcome.NotSwitched, $"{program} {Words(result)}"),
            _ => new SwitchAnswer(
                SwitchOutcome.Unknown,
                $"{program} {Words(result)}, so that nobody knows whether the clients were switched"
            ),
        };
    }

    /// <summary>Asks a person who owns the data.</summary>
    public ValueTask<bool> ResolveAsync(string why, CancellationToken stop) =>
        AskAsync(
            $"{why}. Find out where the clients write, then: keyferry resolve --switched (to {context.Target}), or keyferry resolve --not-switched (to {context.Source}). Until then nothing is moved, and the source stays fenced.",
            true,
            stop
        );

    private async ValueTask<bool> AskAsync(string text, bool aboutOwnership, CancellationToken stop)
    {
        tell(NoteLevel.Warning, text);
        return await questions.AskAsync(new PersonQuestion(text, aboutOwnership), stop);
    }

    private static string Words(HookResult result)
    {
        var said = result.Said.Length > 0 ? $" ({result.Said})" : "";
        return result switch
        {
            { Started: false } => $"could not be started{said}",
            { ExitCode: { } code } => $"ended with {code}{said}",
            _ => $"did not answer in time{said}",
        };
    }
}

/// <summary>What the operator's programs are told, as environment variables. No secrets.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Source">The side that the clients are on now.</param>
/// <param name="Target">The side that they are to go to.</param>
/// <param name="Direction"><c>forward</c>, or <c>back</c> for a rollback.</param>
internal sealed record HookContext(string Run, Endpoint Source, Endpoint Target, string Direction)
{
    /// <summary>The variable that names the step.</summary>
    public const string Step = "KEYFERRY_STEP";

    /// <summary>The variables of a step.</summary>
    public IReadOnlyDictionary<string, string> For(string step) =>
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [Step] = step,
            ["KEYFERRY_RUN"] = Run,
            ["KEYFERRY_DIRECTION"] = Direction,
            ["KEYFERRY_OLD"] = UriOf(Source),
            ["KEYFERRY_NEW"] = UriOf(Target),
            ["KEYFERRY_NEW_HOST"] = Target.Host,
            ["KEYFERRY_NEW_PORT"] = Target.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };

    private static string UriOf(Endpoint endpoint) =>
        endpoint.Sentinel is { } terms
            ? $"{(endpoint.Tls ? "rediss" : "redis")}+sentinel://{string.Join(',', terms.Sentinels)}/{Uri.EscapeDataString(terms.Service)}"
            : $"{(endpoint.Tls ? "rediss" : "redis")}://{endpoint}";
}
