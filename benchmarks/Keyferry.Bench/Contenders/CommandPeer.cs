using Keyferry.Bench.Running;

namespace Keyferry.Bench.Contenders;

/// <summary>Any other tool that copies once and ends: it is given the two addresses (<c>host:port</c>), source first.</summary>
/// <param name="Name">What the report calls it.</param>
/// <param name="Path">The program.</param>
internal sealed record CommandPeer(string Name, string Path) : IContender
{
    public bool CanFollow => false;

    public async Task<Figures> CopyAsync(Server source, Server target, CancellationToken stop)
    {
        var keys = await source.Link.KeyCountAsync();
        using var folder = new ScratchFolder();
        var meter = await Meter.BeginAsync(source, target);
        await using var tool = Watched.Start(Path, [source.Address, target.Address], folder.Path);
        await tool.EndAsync(stop, 0);
        var figures = await meter.EndAsync(tool);
        var arrived = await target.Link.KeyCountAsync();
        return arrived == keys ? figures : throw new InvalidOperationException($"{Name} brought {arrived} of {keys} keys.");
    }

    public Task<IFollower> FollowAsync(Server source, Server target) => throw new NotSupportedException($"{Name} is run for copies only.");
}
