using Keyferry.Model;
using Keyferry.Resp;
using Keyferry.Simulation.Scheduling;

namespace Keyferry.Simulation.World;

/// <summary>One process of the program under test: its clock, its connections and its hold of the run's state. It can be killed, and it can be frozen for a while.</summary>
/// <remarks>A killed process does nothing any more that anybody could see: its timers do not fire, what it waits for never comes, and its state cannot be written.
/// Its connections end as those of a killed process or of a machine that is gone: gently, abruptly, or not at all until somebody ends them.</remarks>
internal sealed class SimProcess(SimWorld world) : TimeProvider, IDialer
{
    private readonly List<Line> _lines = [];
    private readonly TaskCompletionSource _never = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<Action> _held = [];
    private readonly TaskCompletionSource _killed = new();
    private TaskCompletionSource? _thaw;

    /// <summary>Whether it is dead.</summary>
    public bool IsKilled { get; private set; }

    /// <summary>Completes when it dies.</summary>
    public Task Killed => _killed.Task;

    /// <inheritdoc/>
    public override long TimestampFrequency => world.Time.TimestampFrequency;

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => world.Time.LocalTimeZone;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => world.Time.GetUtcNow();

    /// <inheritdoc/>
    public override long GetTimestamp() => world.Time.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        world.Time.CreateTimer(
            at =>
            {
                if (_thaw is not null)
                {
                    _held.Add(() => callback(at));
                }
                else if (!IsKilled)
                {
                    callback(at);
                }
            },
            state,
            dueTime,
            period
        );

    /// <inheritdoc/>
    public async ValueTask<ITransport> DialAsync(Endpoint endpoint, CancellationToken stop)
    {
        await RunsAsync();
        try
        {
            var line = new Line(this, await world.Network.DialAsync(endpoint, stop));
            _lines.Add(line);
            return line;
        }
        finally
        {
            await RunsAsync();
        }
    }

    /// <summary>Ends it at once.</summary>
    public void Kill(Dice dice)
    {
        var machineIsGone = dice.Chance(0.3);
        world.Scheduler.Log($"KILL {(machineIsGone ? "of the machine" : "of the process")}");
        IsKilled = true;
        _killed.SetResult();
        foreach (var line in _lines)
        {
            line.End(dice, machineIsGone);
        }
    }

    /// <summary>Holds it still (SIGSTOP, a virtual machine that is moved): everything goes on but this process.</summary>
    public void Freeze(TimeSpan duration)
    {
        if (IsKilled || _thaw is not null)
        {
            return;
        }

        world.Scheduler.Log($"FREEZE for {duration}");
        var thaw = _thaw = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _ = world.Scheduler.Time.After(
            duration,
            () =>
            {
                _thaw = null;
                if (IsKilled)
                {
                    return;
                }

                thaw.SetResult();
                foreach (var held in _held)
                {
                    held();
                }

                _held.Clear();
            },
            "thaw"
        );
    }

    /// <summary>Throws where the process is dead: it does not write to its state any more.</summary>
    public void ThrowIfKilled()
    {
        if (IsKilled)
        {
            throw new InvalidOperationException("The process is dead (simulated).");
        }
    }

    /// <summary>Returns when the process runs: at once, when it is thawed, or never.</summary>
    private Task RunsAsync() =>
        IsKilled ? _never.Task
        : _thaw is { } thaw ? ThawedAsync(thaw.Task)
        : Task.CompletedTask;

    private async Task ThawedAsync(Task thaw)
    {
        await thaw;
        await RunsAsync();
    }

    /// <summary>One of its connections.</summary>
    private sealed class Line(SimProcess process, ITransport inner) : ITransport
    {
        private bool _given;

        public async ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken stop)
        {
            await process.RunsAsync();
            try
            {
                return await inner.ReceiveAsync(buffer, stop);
            }
            finally
            {
                await process.RunsAsync();
            }
        }

        public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            await process.RunsAsync();
            try
            {
                await inner.SendAsync(bytes, stop);
            }
            finally
            {
                await process.RunsAsync();
            }
        }

        public void Reset()
        {
            if (!process.IsKilled)
            {
                _given = true;
                inner.Reset();
            }
        }

        public ValueTask DisposeAsync()
        {
            if (process.IsKilled || _given)
            {
                return default;
            }

            _given = true;
            return inner.DisposeAsync();
        }

        public void End(Dice dice, bool machineIsGone)
        {
            if (_given)
            {
                return;
            }

            _given = true;
            if (machineIsGone)
            {
                process.Abandon(inner, dice);
            }
            else if (dice.Chance(0.5))
            {
                inner.Reset();
            }
            else
            {
                _ = inner.DisposeAsync().AsTask();
            }
        }
    }

    /// <summary>Nobody tells the server; what was under way may arrive much later.</summary>
    private void Abandon(ITransport transport, Dice dice) =>
        world
            .Network.Links.Single(link => link.Client == transport)
            .Break(
                new Network.Cut
                {
                    Client = Network.ClientSees.Reset,
                    DeliversUpstream = true,
                    UpstreamDelay = dice.Between(TimeSpan.Zero, TimeSpan.FromSeconds(20)),
                    ServerNotices = TimeSpan.FromSeconds(60),
                }
            );
}
