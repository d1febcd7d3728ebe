using Keyferry.Model;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>One simulation: a source, a target, the network, an application that writes, and what goes wrong.</summary>
internal sealed class SimWorld
{
    public SimWorld(ulong seed, SimProfile profile, bool tellsStory = false)
    {
        profile = profile.For(seed);
        (Seed, Profile) = (seed, profile);
        Scheduler = new DeterministicScheduler(seed) { TellsStory = tellsStory };
        Network = new SimNetwork(Scheduler, seed, profile.Network);
        Source = new SimServer(Scheduler, SourceEndpoint.ToString(), seed, profile.Source);
        Target = new SimServer(Scheduler, TargetEndpoint.ToString(), seed, profile.Target);
        Owner = Source;
        Network.Listen(Source.Name, Source);
        Network.Listen(Target.Name, Target);
        EngineScripts.Register(Source);
        EngineScripts.Register(Target);
        Dice = Dice.Fork(seed, "world");
        Workload = new SimWorkload(this);
        Faults = new FaultPlan(this);
    }

    public ulong Seed { get; }

    public SimProfile Profile { get; }

    public DeterministicScheduler Scheduler { get; }

    /// <summary>The dialer for the engine.</summary>
    public SimNetwork Network { get; }

    /// <summary>The clock for the engine.</summary>
    public TimeProvider Time => Scheduler.Time;

    public SimServer Source { get; }

    public SimServer Target { get; }

    public static Endpoint SourceEndpoint { get; } = new() { Host = "source" };

    public static Endpoint TargetEndpoint { get; } = new() { Host = "target" };

    /// <summary>Chance for whoever builds on the world.</summary>
    public Dice Dice { get; }

    public SimWorkload Workload { get; }

    public FaultPlan Faults { get; }

    /// <summary>The server that the application writes to.</summary>
    public SimServer Owner { get; set; }

    /// <summary>How the application is handed over to the other side, where it is.</summary>
    public Handover? Handover { get; set; }

    /// <summary>Whether the sides may differ at the end, since the application has gone to the other one.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>Ends when the application has stopped writing and the last fault has happened.</summary>
    public Task Quiet { get; private set; } = Task.CompletedTask;

    /// <summary>What differed when the program had drained everything and began to compare; <see langword="null"/> if it never came to that.</summary>
    public IReadOnlyList<string>? Unnoticed { get; set; }

    /// <summary>Whether keys that the target has of its own stay there.</summary>
    public bool Merges { get; set; }

    /// <summary>Whether the program hears of changes; if not, what it says holds for the moment at which it compared.</summary>
    public bool HearsChanges { get; set; } = true;

    /// <summary>What the target had before.</summary>
    public TargetHoldings Holdings { get; } = new();

    /// <summary>Fills the source and sets the application and the faults going.</summary>
    public void Begin()
    {
        Holdings.WatchSource(Source);
        Workload.Fill();
        if (Profile.TargetIsCopy)
        {
            Target.TakeDataOf(Source);
        }

        Workload.FillTarget();
        Holdings.Remember(Target);
        Quiet = Task.WhenAll(Workload.RunAsync(), Faults.RunAsync());
    }

    /// <summary>How both sides differ, within what the run is to move.</summary>
    public IReadOnlyList<string> Differences() => SimOracle.Compare(Source, Target, Profile.Choice, Merges ? Holdings.IsAsItWas : null);

    /// <summary>The keys in which both sides differ, where each of these differences will be over when keys expire; none where one will not.</summary>
    public IReadOnlyList<(int Database, Blob Key)> Passing()
    {
        var all = SimOracle.Differing(Source, Target, Profile.Choice, Merges ? Holdings.IsAsItWas : null).ToList();
        return all.TrueForAll(static key => key.Passes) ? [.. all.Select(static key => (key.Database, key.Key))] : [];
    }

    /// <summary>Whether both sides are equal by now, and the source has none of these keys any more.</summary>
    public bool HasPassed(IReadOnlyList<(int Database, Blob Key)> keys) =>
        keys.Count > 0 && Differences().Count == 0 && keys.All(key => SimOracle.IsGone(Source, Profile.Choice, key.Database, key.Key));

    /// <summary>The network heals, and everything that is still under way on it arrives.</summary>
    public async Task SettleAsync()
    {
        foreach (var link in Network.Links)
        {
            link.Upstream.Heal();
            link.Downstream.Heal();
        }

        await Task.Delay(TimeSpan.FromSeconds(30), Time);
    }
}
