using System.Globalization;
using Keyferry.Capture;
using Keyferry.Migration;
using Keyferry.Model;
using Keyferry.Observe;
using Keyferry.Simulation.Network;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;
using Keyferry.Simulation.World;
using Keyferry.State;

namespace Keyferry.Simulation.Tests;

/// <summary>A source whose passwords are good for 15 minutes, and whose logins are for 12 hours, as with IAM on ElastiCache; half a day and more in virtual time.</summary>
public sealed class LoginLifeTests(ITestOutputHelper output)
{
    private const string User = "app";
    private static readonly TimeSpan TokenLife = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LoginLife = TimeSpan.FromHours(12);
    private static readonly TimeSpan Renewal = TimeSpan.FromHours(11);

    [Theory]
    [InlineData("Notifications")]
    [InlineData("Tracking")]
    public void Half_a_day_and_more_with_short_lived_passwords_has_no_gap(string capture)
    {
        var scheduler = new DeterministicScheduler(1, new SchedulerBudget { Steps = 40_000_000, VirtualTime = TimeSpan.FromHours(20) });
        var network = new SimNetwork(scheduler, 1, new NetworkProfile());
        var source = new SimServer(
            scheduler,
            "source:6379",
            1,
            new ServerOptions
            {
                Users = [User],
                LetsIn = LetsIn,
                LoginLife = LoginLife,
            }
        );
        var target = new SimServer(scheduler, "target:6379", 2);
        foreach (var server in (SimServer[])[source, target])
        {
            network.Listen(server.Name, server);
            EngineScripts.Register(server);
        }

        scheduler.Run(async () =>
        {
            using var store = new MemoryRunStore(scheduler.Time);
            var tokens = new Tokens(scheduler.Time);
            var options = new MigrationOptions
            {
                Source = new Endpoint
                {
                    Host = "source",
                    User = User,
                    PasswordSource = tokens,
                },
                Target = new Endpoint { Host = "target" },
                Capture = Enum.Parse<CaptureKind>(capture),
            };
            using var finish = new CancellationTokenSource();
            var run = new MigrationRun(options, network, store, new SilentObserver(), scheduler.Time);
            var running = run.RunAsync(finish.Token, CancellationToken.None);
            for (var number = 0; number < 14 * 12; number++)
            {
                _ = source.Execute("SET", $"key:{number}", "v");
                await Task.Delay(TimeSpan.FromMinutes(5), scheduler.Time);
            }

            var progress = run.Progress;
            finish.Cancel();
            var report = await running;
            output.WriteLine($"{tokens.Made} tokens, {source.Clients.Cuts} cuts");
            Assert.Equal((Verdict.Equal, 0L), (report.Verdict, progress.Gaps));
            Assert.Equal(":168\r\n", target.Execute("DBSIZE"));
            // Connections that need not listen are cut, and opened again with a token of their own.
            Assert.True(source.Clients.Cuts > 0, "nothing was cut");
        });
    }

    private static bool LetsIn(string user, string password, DateTimeOffset now) =>
        user == User
        && DateTimeOffset.TryParseExact(password, "O", CultureInfo.InvariantCulture, DateTimeStyles.None, out var at)
        && now - at < TokenLife;

    private sealed class Tokens(TimeProvider time) : IPasswordSource
    {
        public int Made { get; private set; }

        public TimeSpan Renewal => LoginLifeTests.Renewal;

        public ValueTask<Secret> GetAsync(CancellationToken stop)
        {
            Made++;
            return ValueTask.FromResult(new Secret(time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));
        }
    }
}
