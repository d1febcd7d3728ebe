namespace Keyferry.Cutover;

/// <summary>How the clients are handed over to the target, as the user asked for it.</summary>
internal sealed record CutoverOptions
{
    /// <summary>Who says when.</summary>
    public CutoverWhen When { get; init; } = CutoverWhen.Manual;

    /// <summary>What keeps clients from writing to the source meanwhile.</summary>
    public FenceKind Fence { get; init; } = FenceKind.Pause;

    /// <summary>How long the source may be fenced before the switch begins; then everything is undone and the run follows on.</summary>
    public TimeSpan FenceBudget { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>With <see cref="FenceKind.Hook"/>: the program that stops and starts the writers.</summary>
    public string? FenceHook { get; init; }

    /// <summary>The program that switches the clients; <see langword="null"/> to ask a person.</summary>
    public string? SwitchHook { get; init; }

    /// <summary>How long the operator's programs may take; beyond it their answer counts as lost.</summary>
    public TimeSpan HookTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For how long after the switch what changes on the target is moved to the source, so that the clients can go back; <see langword="null"/> for no way back.</summary>
    public TimeSpan? ReverseWindow { get; init; }

    /// <summary>For how long after a switch without a way back the old side is watched for clients that still write there.</summary>
    public TimeSpan WatchOld { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Tells before (<see langword="false"/>) and after (<see langword="true"/>) each step is done; what it throws fails the step. For tests.</summary>
    public Action<string, bool>? StepProbe { get; init; }
}

/// <summary>Who says when the cutover begins.</summary>
internal enum CutoverWhen
{
    /// <summary>A person: <c>keyferry cutover</c>.</summary>
    Manual,

    /// <summary>The run itself, as soon as it is ready.</summary>
    WhenReady,
}

/// <summary>What keeps clients from writing to the source.</summary>
internal enum FenceKind
{
    /// <summary><c>CLIENT PAUSE WRITE</c>: the server holds writes back; clients wait.</summary>
    Pause,

    /// <summary>The application's ACL users lose the right to write; clients get errors.</summary>
    Acl,

    /// <summary>The operator's program stops the writers.</summary>
    Hook,

    /// <summary>A person stops the writers.</summary>
    Manual,
}
