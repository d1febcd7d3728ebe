using System.Text.Json;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Contenders;

/// <summary>One build of Keyferry.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Path">The program.</param>
internal sealed record KeyferryProgram(string Name, string Path) : IContender
{
    private const int Equal = 0;
    private const int NotProved = 5;

    public bool CanFollow => true;

    public async Task<Figures> CopyAsync(Server source, Server target, CancellationToken stop)
    {
        var keys = await source.Link.KeyCountAsync();
        var meter = await Meter.BeginAsync(source, target);
        using var folder = new ScratchFolder();
        await using var tool = Run(folder, "migrate", source.Address, target.Address, "--mode", "snapshot", "--no-verify", "--json");
        await tool.EndAsync(stop, NotProved);
        var figures = await meter.EndAsync(tool);
        var arrived = await target.Link.KeyCountAsync();
        return arrived == keys ? figures : throw new InvalidOperationException($"{Name} brought {arrived} of {keys} keys.");
    }

    /// <summary>Compares two servers that hold the same.</summary>
    public async Task<Figures> VerifyAsync(Server source, Server target, CancellationToken stop)
    {
        var meter = await Meter.BeginAsync(source, target);
        using var folder = new ScratchFolder();
        await using var tool = Run(folder, "verify", source.Address, target.Address, "--json");
        await tool.EndAsync(stop, Equal);
        return await meter.EndAsync(tool);
    }

    public Task<IFollower> FollowAsync(Server source, Server target)
    {
        var folder = new ScratchFolder();
        var tool = Run(folder, "migrate", source.Address, target.Address, "--no-verify", "--json", "--interval", "1s");
        return Task.FromResult<IFollower>(new FollowingRun(tool, folder));
    }

    /// <summary>Runs a command of the program.</summary>
    public Watched Run(ScratchFolder folder, params string[] arguments) => Watched.Start(Path, arguments, folder.Path);

    /// <summary>Whether a line is the JSON object of a type, and the condition takes it.</summary>
    public static bool IsEvent(string line, string type, Func<JsonElement, bool>? wanted = null)
    {
        if (!line.StartsWith('{'))
        {
            return false;
        }

        using var json = JsonDocument.Parse(line);
        return json.RootElement.GetProperty("type").GetString() == type && (wanted is null || wanted(json.RootElement));
    }

    private sealed class FollowingRun(Watched tool, ScratchFolder folder) : IFollower
    {
        public Watched Tool => tool;

        public async Task<DateTimeOffset?> BeganAsync(CancellationToken stop)
        {
            using var phase = JsonDocument.Parse(await ReachedAsync("copying", stop));
            return phase.RootElement.GetProperty("at").GetDateTimeOffset();
        }

        public Task CopiedAsync(CancellationToken stop) => ReachedAsync("following", stop);

        private Task<string> ReachedAsync(string name, CancellationToken stop) =>
            tool.WaitForAsync(line => IsEvent(line, "phase", phase => phase.GetProperty("phase").GetString() == name), stop);

        public async ValueTask DisposeAsync()
        {
            try
            {
                // In order, so that it puts the notification flags of the source back: the next contender finds the source as it was.
                await tool.TerminateAsync();
                using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
                await tool.EndAsync(patience.Token, Equal, NotProved);
            }
            finally
            {
                await tool.DisposeAsync();
                folder.Dispose();
            }
        }
    }
}
