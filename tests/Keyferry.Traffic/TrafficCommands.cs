using System.CommandLine;
using System.Diagnostics;
using Keyferry.Traffic.Comparing;
using Keyferry.Traffic.Filling;
using Keyferry.Traffic.Keys;
using Keyferry.Traffic.Writing;

namespace Keyferry.Traffic;

/// <summary>The command line: <c>fill</c>, <c>write</c>, <c>hotkey</c>, <c>digest</c> and <c>compare</c>.</summary>
internal static class TrafficCommands
{
    private static readonly Option<ulong> Seed = new("--seed")
    {
        Description = "Decides everything that is drawn.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<int> Databases = new("--databases")
    {
        Description = "Spread over this many.",
        DefaultValueFactory = _ => 1,
    };
    private static readonly Option<int> Keys = new("--keys") { Description = "How many keys.", DefaultValueFactory = _ => 200_000 };

    public static RootCommand Root() =>
        new("Load and oracles for trying Keyferry, by an independent client.") { Fill(), Write(), HotKey(), Digest(), Compare() };

    private static Command Fill()
    {
        var server = Server("server");
        var big = new Option<int>("--big") { Description = "Also one key of every type with this many elements." };
        var bigString = new Option<int>("--big-string") { Description = "Bytes of the big string.", DefaultValueFactory = _ => 2_000_000 };
        var command = new Command("fill", "Write keys of all types.") { server, Keys, Seed, Databases, big, bigString };
        command.SetAction(
            async (parsed, stop) =>
            {
                await using var link = await ServerLink.ConnectAsync(parsed.GetRequiredValue(server));
                var watch = Stopwatch.StartNew();
                var keys = KeySpaceOf(parsed);
                long filled = await new Filler(link, keys, fieldExpiries: true).FillAsync(stop);
                if (parsed.GetValue(big) > 0)
                {
                    await new BigKeys(link, keys.Seed).FillAsync(parsed.GetValue(big), parsed.GetValue(bigString), stop);
                    filled = await link.KeyCountAsync();
                }

                Console.WriteLine($"{filled:N0} keys of all types in {watch.Elapsed.TotalSeconds:N1} s");
            }
        );
        return command;
    }

    private static Command Write()
    {
        var server = Server("server");
        var rate = new Option<int>("--rate") { Description = "Writes a second.", DefaultValueFactory = _ => 5000 };
        var seconds = new Option<double?>("--seconds") { Description = "How long; without it until interrupted." };
        var silent = new Option<bool>("--silent") { Description = "Also commands that raise no notification (XREADGROUP, XACK, XCLAIM)." };
        var command = new Command("write", "Write at a set rate, all types and commands.")
        {
            server,
            Keys,
            Seed,
            Databases,
            rate,
            seconds,
            silent,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                await using var link = await ServerLink.ConnectAsync(parsed.GetRequiredValue(server));
                var options = new WriterOptions(
                    parsed.GetValue(rate),
                    parsed.GetValue(Seed),
                    parsed.GetValue(silent),
                    await link.KnowsFieldExpiriesAsync()
                );
                var watch = Stopwatch.StartNew();
                var writer = new Writer(link, KeySpaceOf(parsed), options, TimeProvider.System);
                var tally = await writer.RunAsync(parsed.GetValue(seconds) is { } limit ? TimeSpan.FromSeconds(limit) : null, stop);
                Print(tally, watch.Elapsed);
            }
        );
        return command;
    }

    private static Command HotKey()
    {
        var server = Server("server");
        var key = new Option<string>("--key") { Description = "The key.", DefaultValueFactory = _ => "hot" };
        var count = new Option<long>("--count") { Description = "How many numbers.", DefaultValueFactory = _ => long.MaxValue };
        var command = new Command("hotkey", "Write rising numbers into one key, as fast as possible.") { server, key, count };
        command.SetAction(
            async (parsed, stop) =>
            {
                await using var link = await ServerLink.ConnectAsync(parsed.GetRequiredValue(server));
                long last = await new HotKeyWriter(link, parsed.GetRequiredValue(key)).RunAsync(parsed.GetValue(count), stop);
                Console.WriteLine($"last number {last}");
            }
        );
        return command;
    }

    private static Command Digest()
    {
        var servers = new Argument<string[]>("servers") { Description = "host:port, one or more.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("digest", "Print each server's DEBUG DIGEST; exit 1 where they are not all the same.") { servers };
        command.SetAction(
            async (parsed, stop) =>
            {
                var addresses = parsed.GetRequiredValue(servers);
                var digests = await Task.WhenAll(addresses.Select(address => DigestAsync(address, stop)));
                foreach (var ((digest, keys), address) in digests.Zip(addresses))
                {
                    Console.WriteLine($"{digest}  {address}  {keys:N0} keys");
                }

                return digests.Distinct().Count() == 1 ? 0 : 1;
            }
        );
        return command;
    }

    private static async Task<(string Digest, long Keys)> DigestAsync(string address, CancellationToken stop)
    {
        await using var link = await ServerLink.ConnectAsync(address);
        return (await DatasetDigest.OfAsync(link, stop), await link.KeyCountAsync());
    }

    private static Command Compare()
    {
        var left = Server("left");
        var right = Server("right");
        var tolerance = new Option<int>("--expiry-tolerance") { Description = "Milliseconds.", DefaultValueFactory = _ => 5 };
        var command = new Command("compare", "Compare two servers key by key, both ways; exit 1 where they differ.")
        {
            left,
            right,
            tolerance,
        };
        command.SetAction(
            async (parsed, stop) =>
            {
                await using var a = await ServerLink.ConnectAsync(parsed.GetRequiredValue(left));
                await using var b = await ServerLink.ConnectAsync(parsed.GetRequiredValue(right));
                var report = await new ServerComparison(a, b, TimeSpan.FromMilliseconds(parsed.GetValue(tolerance))).RunAsync(stop);
                Console.WriteLine(report);
                return report.AreEqual ? 0 : 1;
            }
        );
        return command;
    }

    private static void Print(WriteTally tally, TimeSpan elapsed)
    {
        Console.WriteLine(
            $"{tally.Accepted:N0} writes in {elapsed.TotalSeconds:N1} s ({tally.Accepted / elapsed.TotalSeconds:N0}/s), "
                + $"{tally.Refused:N0} refused, {tally.Lost:N0} lost"
        );
        Console.WriteLine("  " + string.Join(", ", tally.Commands.Select(command => $"{command.Key} {command.Value:N0}")));
        if (tally.Refused > 0)
        {
            Console.WriteLine("  refused: " + string.Join(", ", tally.Refusals.Select(reason => $"{reason.Key} {reason.Value:N0}")));
        }
    }

    private static KeySpace KeySpaceOf(ParseResult parsed) => new(parsed.GetValue(Seed), parsed.GetValue(Keys), parsed.GetValue(Databases));

    private static Argument<string> Server(string name) => new(name) { Description = "host:port or redis://user:password@host:port" };
}
