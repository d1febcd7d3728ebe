using System.Net.Sockets;
using Keyferry.Doctor;
using Keyferry.Model;
using Keyferry.Notifications;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Tests.Doctor;

public sealed class JudgementTests
{
    private static readonly Endpoint _here = new() { Host = "127.0.0.1", Port = 6379 };

    [Theory]
    [InlineData("normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60", 33554432L)]
    [InlineData("pubsub 0 0 0", 0L)]
    [InlineData("normal 0 0 0", null)]
    [InlineData("pubsub", null)]
    [InlineData(null, null)]
    public void The_hard_limit_of_subscribers_is_found(string? limits, long? hard) =>
        Assert.Equal(hard, SourceJudgement.HardPubSubLimit(limits));

    [Theory]
    [InlineData(1_000, false)]
    [InlineData(200_000, true)]
    public void A_busy_source_with_a_small_buffer_is_a_warning(int rate, bool warned)
    {
        var answers = Answers($"instantaneous_ops_per_sec:{rate}") with { BufferLimits = "pubsub 33554432 8388608 60" };
        Assert.Equal(warned, SourceJudgement.Of(answers, tracks: null).Any(static finding => finding.Code == "pubsub-buffer"));
    }

    [Fact]
    public void A_needed_right_blocks_and_a_useful_one_warns()
    {
        var answers = Answers() with
        {
            User = "mover",
            Tried = new Dictionary<string, string?>(StringComparer.Ordinal)
            {
                ["DUMP"] = "NOPERM this user has no permissions to run the 'dump' command",
                ["OBJECT IDLETIME"] = "NOPERM this user has no permissions to run the 'object|idletime' command",
                ["SCAN"] = null,
            },
        };
        var rights = SourceJudgement.Of(answers, tracks: null).Where(static finding => finding.Code == "rights").ToList();
        Assert.Equal([FindingLevel.Blocker, FindingLevel.Warning], rights.Select(static finding => finding.Level));
        Assert.Contains("ACL SETUSER mover +dump", rights[0].Remedy, StringComparison.Ordinal);
        Assert.Contains("+object|idletime", rights[1].Remedy, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "client tracking instead")]
    [InlineData("ERR unknown command", "only polling is left")]
    public void Flags_out_of_reach_name_what_is_left(string? tracks, string left)
    {
        var answers = Answers() with { Flags = new FlagReading.Unreadable(FlagObstacle.NoConfigCommand, "ERR unknown command 'CONFIG'") };
        var finding = Assert.Single(SourceJudgement.Of(answers, tracks), static finding => finding.Code == "notifications");
        Assert.Equal(FindingLevel.Warning, finding.Level);
        Assert.Contains(left, finding.Means, StringComparison.Ordinal);
        Assert.Contains("parameter group", finding.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Those_who_write_are_named()
    {
        var answers = Answers() with
        {
            Clients =
            [
                new("10.0.0.1:5000", "shop", "", "set", Writes: true),
                new("10.0.0.2:5000", "shop", "", "hset", Writes: true),
                new("10.0.0.3:5000", "", "", "get", Writes: false),
            ],
        };
        var finding = Assert.Single(SourceJudgement.Of(answers, tracks: null), static finding => finding.Code == "clients");
        Assert.Contains("shop (2)", finding.Saw, StringComparison.Ordinal);
        Assert.Contains(TargetJudgement.Of(answers), static one => one.Code == "target-writers");
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "name")]
    [InlineData(SocketError.NetworkUnreachable, "route")]
    [InlineData(SocketError.ConnectionRefused, "TCP")]
    [InlineData(SocketError.TimedOut, "TCP")]
    public void The_step_that_failed_is_told(SocketError error, string step)
    {
        var failure = ConnectionTrouble.Dial(new IOException("it failed", new SocketException((int)error)), _here, "source");
        Assert.Equal(step, Reach.StepOf(failure));
    }

    [Fact]
    public void TLS_login_and_command_are_steps_of_their_own()
    {
        Assert.Equal("TLS", Reach.StepOf(ConnectionTrouble.Dial(new TlsException(TlsFault.OtherName, "x"), _here, "source")));
        Assert.Equal("login", Reach.StepOf(ConnectionTrouble.Login(new ServerErrorException("WRONGPASS x", "AUTH"), _here, "source")));
        Assert.Equal("command", Reach.StepOf(ConnectionTrouble.Login(new ServerErrorException("LOADING x", "PING"), _here, "source")));
        var steps = Reach.Failed(
            ConnectionTrouble.Login(new ServerErrorException("WRONGPASS x", "AUTH"), _here, "source"),
            _here,
            FindingSide.Source
        );
        Assert.Contains("name ok, route ok, TCP ok, login failed", steps.Means, StringComparison.Ordinal);
    }

    [Fact]
    public void The_worst_finding_decides()
    {
        Assert.Equal(FindingLevel.Good, new Diagnosis([]).Worst);
        Assert.Equal(
            FindingLevel.Blocker,
            new Diagnosis([
                new("a", FindingLevel.Warning, FindingSide.Source, "x"),
                new("b", FindingLevel.Blocker, FindingSide.Target, "x"),
                new("c", FindingLevel.Good, FindingSide.Both, "x"),
            ]).Worst
        );
    }

    private static ServerAnswers Answers(string info = "") => new() { Identity = ServerIdentity.Parse($"redis_version:7.0.15\n{info}") };
}
