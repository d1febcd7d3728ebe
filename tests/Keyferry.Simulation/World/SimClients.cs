using System.Globalization;
using System.Text;
using Keyferry.Resp;
using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>Clients of the application that are connected over the network: each writes one new key after the other, waits for the answer, and remembers what was answered.
/// A client that loses its connection asks for the address of its server again.</summary>
internal sealed class SimClients(SimWorld world)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dice _dice = Dice.Fork(world.Seed, "clients");
    private readonly List<(string Key, SimServer By)> _acknowledged = [];
    private bool _over;

    /// <summary>Sets them going.</summary>
    public Task RunAsync(int clients) => Task.WhenAll(Enumerable.Range(0, clients).Select(RunOneAsync).ToArray());

    /// <summary>They write nothing more.</summary>
    public void End() => _over = true;

    /// <summary>Writes that were acknowledged, and that the server which the application has now does not have.</summary>
    public IReadOnlyList<string> Lost() =>
        [
            .. _acknowledged
                .Where(write => world.Owner.Keyspace.Find(write.Key, database: 0, touch: false) is null)
                .Select(static write => $"{write.Key}, acknowledged by {write.By.Name}"),
        ];

    private async Task RunOneAsync(int client)
    {
        for (var number = 0; !_over; )
        {
            await Task.Delay(_dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(100)), world.Time);
            var server = world.Owner;
            try
            {
                using var patience = new CancellationTokenSource(Patience, world.Time);
                await using var transport = await world.Network.DialAsync(
                    server == world.Source ? SimWorld.SourceEndpoint : SimWorld.TargetEndpoint,
                    patience.Token
                );
                world.Network.Links.Single(link => link.Client == transport).IsOfTheApplication = true;
                // One that has looked the address up just before it changed, and comes after everybody was disconnected, is a stray: not Keyferry's to keep away.
                if (server != world.Owner || !await IsOkAsync(transport, "AUTH", server.ApplicationUser, "any"))
                {
                    continue;
                }

                while (!_over)
                {
                    number++;
                    var key = string.Create(CultureInfo.InvariantCulture, $"client:{client}:{number}");
                    if (await IsOkAsync(transport, "SET", key, "v"))
                    {
                        _acknowledged.Add((key, server));
                    }

                    await Task.Delay(_dice.Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(_dice.Pick(5, 100, 1_000))), world.Time);
                }
            }
            catch (IOException)
            {
                // Whether the last write was done is not known to it.
                continue;
            }
            catch (OperationCanceledException)
            {
                // It waits no longer.
                continue;
            }
        }
    }

    private async Task<bool> IsOkAsync(ITransport transport, params string[] command)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{command.Length}\r\n");
        foreach (var word in command)
        {
            _ = text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        }

        using var patience = new CancellationTokenSource(Patience, world.Time);
        await transport.SendAsync(Encoding.ASCII.GetBytes(text.ToString()), patience.Token);
        var reply = "";
        var buffer = new byte[256];
        while (!reply.EndsWith("\r\n", StringComparison.Ordinal))
        {
            var count = await transport.ReceiveAsync(buffer, patience.Token);
            reply += count > 0 ? Encoding.ASCII.GetString(buffer, 0, count) : throw new EndOfStreamException();
        }

        return reply[0] == '+';
    }
}
