using System.Text;
using Keyferry.Cli.Output;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Payloads;
using Keyferry.Servers;
using Keyferry.Transfer;
using Keyferry.Verify;

namespace Keyferry.Cli.Tests;

/// <summary>Moments of runs, made up.</summary>
internal static class Examples
{
    public static readonly DateTimeOffset At = new(2030, 5, 17, 14, 2, 11, TimeSpan.Zero);

    public static readonly ProgressSnapshot Copying = new()
    {
        Phase = Phase.Copying,
        Elapsed = TimeSpan.FromSeconds(90),
        Scanned = 7_568_949,
        ScanTotal = 12_408_113,
        Written = 7_570_000,
        PayloadBytes = 25_100_000_000,
        Changes = 73_080,
        ChangesMoved = 71_000,
        Waiting = 1_204,
        WaitingBytes = 68_000,
        LagP50 = TimeSpan.FromMilliseconds(3),
        LagP99 = TimeSpan.FromMilliseconds(41),
        OldestWaiting = TimeSpan.FromMilliseconds(400),
    };

    public static readonly ProgressSnapshot Following = Copying with
    {
        Phase = Phase.Following,
        Elapsed = TimeSpan.FromSeconds(724),
        Scanned = 12_408_113,
        CopyDone = true,
        PayloadBytes = 41_200_000_000,
        Deleted = 12,
    };

    public static readonly ProgressSnapshot Proving = Following with
    {
        Phase = Phase.Proving,
        Verified = 15_139_000,
        VerifyTotal = 24_816_226,
        VerifyCandidates = 14,
        Gaps = 2,
        OpenGaps = 1,
        OpenGap = "the capture's connection to the source was lost: old.example:6379 closed the connection (all keys)",
        Failed = 3,
        Held = "target refuses writes: OOM",
    };

    public static ProgressView View(ProgressSnapshot now) =>
        new()
        {
            Now = now,
            KeysPerSecond = 84_099,
            BytesPerSecond = 278_000_000,
            ChangesPerSecond = 812,
            MovedPerSecond = 807,
            CopyLeft = now.CopyDone ? null : TimeSpan.FromSeconds(57.5),
            DirtyBudget = 64L << 20,
        };

    public static VerifyResult Verified(params (DifferenceKind Kind, long Count)[] differences) =>
        new()
        {
            Compared = 12_408_113,
            LookedUp = 12_408_110,
            ByType = new Dictionary<string, long>(StringComparer.Ordinal) { ["zset"] = 12, ["hash"] = 20_000 },
            Differences = differences.ToDictionary(),
            First =
            [
                .. differences.Select(difference => new Difference(
                    new KeyId(3, new KeyName(Encoding.ASCII.GetBytes($"secret:{difference.Kind}\n"))),
                    difference.Kind,
                    difference.Kind == DifferenceKind.Value ? "hash: 10 fields against 9" : ""
                )),
            ],
        };

    public static MigrationReport Report(Verdict verdict) =>
        new()
        {
            Verdict = verdict,
            RunName = "k3f9",
            Source = "Redis 7.0.15 at 127.0.0.1:7001",
            Target = "Valkey 8.1.1 at 127.0.0.1:7002",
            Progress = Following with { Waiting = 0, WaitingBytes = 0 },
            Verify = verdict switch
            {
                Verdict.Equal => Verified(),
                Verdict.Different => Verified((DifferenceKind.Missing, 3), (DifferenceKind.Value, 1)) with { Repaired = 2 },
                Verdict.NotProved => Verified() with { InFlight = 14 },
                _ => null,
            },
            Reasons = verdict switch
            {
                Verdict.Equal => [],
                Verdict.NotProved => ["14 keys kept changing.", "A gap was still open."],
                Verdict.Different => ["4 keys differ."],
                _ => ["You asked for it."],
            },
            Leases = ["notify-keyspace-events on the source is \"\" again."],
            Phases =
            [
                (Phase.Arming, TimeSpan.FromMilliseconds(200)),
                (Phase.Copying, TimeSpan.FromSeconds(147)),
                (Phase.Following, TimeSpan.FromSeconds(577)),
            ],
        };

    public static MigrationPlan Plan(params KeyferryException[] refusals) =>
        new()
        {
            Source = "Redis 7.0.15 at 127.0.0.1:7001",
            Target = "Valkey 8.1.1 at 127.0.0.1:7002",
            Databases = [0, 3],
            Keys = 12_408_113,
            TargetKeyCount = 0,
            Capture = "keyspace notifications, with KEA added to \"\"",
            Clocks = "both clocks agree",
            Steps = [new PlanStep("arm", "Subscribe."), new PlanStep("copy", "Scan the source.")],
            Warnings = ["The source is a replica."],
            Refusals = refusals,
            Transfer = new TransferSettings(
                HasPExpireTime: true,
                TimeSpan.Zero,
                DatabaseScope.All,
                PayloadFormat.Of(ServerIdentity.Parse("redis_version:7.0.15")),
                PayloadFormat.Of(ServerIdentity.Parse("valkey_version:8.1.1"))
            ),
            Shift = default,
            SourceIdentity = ServerIdentity.Parse("redis_version:7.0.15"),
            TargetIdentity = ServerIdentity.Parse("valkey_version:8.1.1"),
        };
}
