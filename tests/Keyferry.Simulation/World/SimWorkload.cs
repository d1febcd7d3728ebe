using Keyferry.Simulation.Scheduling;
using Keyferry.Simulation.Server;

namespace Keyferry.Simulation.World;

/// <summary>The application: writes to the source at random moments, with everything that has made migrations lose keys.</summary>
internal sealed class SimWorkload(SimWorld world)
{
    private const int Names = 40;

    private readonly Dice _dice = Dice.Fork(world.Seed, "workload");
    private int _counter;

    /// <summary>Writes done.</summary>
    public int Done { get; private set; }

    /// <summary>Puts the first keys onto the source.</summary>
    public void Fill()
    {
        for (var i = 0; i < world.Profile.Keys; i++)
        {
            Select();
            Create($"old:{i}");
            if (_dice.Chance(0.2))
            {
                Say("PEXPIRE", $"old:{i}", _dice.Between(1_000, 90_000));
            }
        }
    }

    /// <summary>Puts keys onto the target that are not from the source: with names of their own, and with names that the source uses or may use.</summary>
    public void FillTarget()
    {
        var dice = Dice.Fork(world.Seed, "target");
        for (var i = 0; i < world.Profile.TargetHas; i++)
        {
            _ = world.Target.Execute("SELECT", world.Profile.Databases[dice.Below(world.Profile.Databases.Count)]);
            Blob key = dice.Pick($"own:{i}", $"old:{dice.Below(world.Profile.Keys * 2)}", $"new:{dice.Below(Names)}", $"later:{i}");
            _ = dice.Chance(0.5)
                ? world.Target.Execute("SET", key, $"of the target {i}")
                : world.Target.Execute("SADD", key, $"of the target {i}", "z");
            if (dice.Chance(0.1))
            {
                _ = world.Target.Execute("PEXPIRE", key, dice.Between(1_000, 90_000));
            }
        }
    }

    /// <summary>Virtual time of the latest write.</summary>
    public TimeSpan LastWrite { get; private set; }

    /// <summary>Writes until the busy time is over.</summary>
    public async Task RunAsync()
    {
        var pause = world.Profile.Busy / Math.Max(1, world.Profile.Writes);
        for (var i = 0; i < world.Profile.Writes; i++)
        {
            if (!_dice.Chance(0.3))
            {
                await Task.Delay(_dice.Between(TimeSpan.Zero, pause * 2.6), world.Time);
            }

            if (!await MayWriteAsync())
            {
                return;
            }

            Select();
            Act();
            Done++;
            LastWrite = world.Scheduler.Time.Elapsed;
        }
    }

    /// <summary>Waits until the server that the application writes to takes writes.</summary>
    /// <returns>False where nobody knows any more which server that is.</returns>
    private async Task<bool> MayWriteAsync()
    {
        for (var waited = 0; !world.Owner.TakesWrites; waited++)
        {
            if (world.Handover is { IsLeftToAPerson: true })
            {
                return false;
            }

            if (waited > 30_000)
            {
                throw new SimulationFailedException($"The application waits for ten minutes to write to {world.Owner.Name}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), world.Time);
        }

        return true;
    }

    private Blob AnyKey() => _dice.Chance(0.4) ? $"old:{_dice.Below(Math.Max(1, world.Profile.Keys))}" : $"new:{_dice.Below(Names)}";

    private void Select() => Say("SELECT", world.Profile.Databases[_dice.Below(world.Profile.Databases.Count)]);

    private void Act()
    {
        var key = AnyKey();
        switch (_dice.Below(world.Profile.Streams ? 19 : 15))
        {
            case 0 or 1 or 2:
                Create(key);
                break;
            case 3 or 4:
                Say(_dice.Pick("DEL", "UNLINK"), key);
                break;
            case 5 or 6 or 7:
                ChangeExpiry(key);
                break;
            case 8:
                Say("RENAME", key, AnyKey());
                break;
            case 9:
                Say("MOVE", key, world.Profile.Databases[_dice.Below(world.Profile.Databases.Count)]);
                break;
            case 10 or 11:
                // A hot key: changed many times in one turn.
                for (var i = _dice.Between(1, 20); i > 0; i--)
                {
                    Say("INCR", "hot");
                }

                break;
            case 12:
                Shrink(key);
                break;
            case 13:
                Say("COPY", key, AnyKey(), "REPLACE");
                break;
            case 14:
                Flush();
                break;
            default:
                UseStream();
                break;
        }
    }

    private void Create(Blob key)
    {
        Blob value = $"v{++_counter}:{new string('x', _dice.Chance(0.1) ? _dice.Below(3000) : _dice.Below(20))}";
        switch (_dice.Below(6))
        {
            case 0:
                Say("DEL", key);
                Say("RPUSH", key, value, $"w{_counter}");
                break;
            case 1:
                Say("DEL", key);
                Say("SADD", key, value, $"w{_counter}", "z");
                break;
            case 2:
                Say("HSET", key, $"f{_dice.Below(5)}", value, $"g{_counter}", "w");
                break;
            case 3:
                Say("ZADD", key, _dice.Below(1000), value, "0.1", "w");
                break;
            case 4:
                Say("SET", key, value, "PX", _dice.Between(1, 60_000));
                break;
            default:
                Say("SET", key, value);
                break;
        }
    }

    private void ChangeExpiry(Blob key)
    {
        switch (_dice.Below(3))
        {
            case 0:
                Say("PEXPIRE", key, _dice.Between(1, 30_000));
                break;
            case 1:
                Say("PEXPIREAT", key, _dice.Chance(0.2) ? 1000 : world.Owner.Clock + _dice.Between(1, 120_000));
                break;
            default:
                Say("PERSIST", key);
                break;
        }
    }

    private void Shrink(Blob key)
    {
        Say("LPOP", key);
        Say("SREM", key, "z");
        Say("HDEL", key, $"f{_dice.Below(5)}");
        Say("ZREM", key, "w");
    }

    private void Flush()
    {
        if (!world.Profile.Flushes || !_dice.Chance(0.3))
        {
            return;
        }

        switch (_dice.Below(3))
        {
            case 0:
                Say("FLUSHALL");
                break;
            case 1:
                Say("FLUSHDB");
                break;
            default:
                Say("SWAPDB", world.Profile.Databases[0], world.Profile.Databases[^1]);
                break;
        }
    }

    private void UseStream()
    {
        Blob stream = $"stream:{_dice.Below(3)}";
        switch (_dice.Below(6))
        {
            case 0 or 1:
                Say("XADD", stream, "*", "f", $"v{++_counter}");
                break;
            case 2:
                Say("XGROUP", "CREATE", stream, "g", "0", "MKSTREAM");
                break;
            case 3 or 4:
                Say("XREADGROUP", "GROUP", "g", $"c{_dice.Below(2)}", "COUNT", "2", "STREAMS", stream, ">");
                break;
            default:
                if (world.Owner.Keyspace.Find(stream, touch: false)?.Value is Server.Values.StreamValue { Groups.Count: > 0 } value)
                {
                    var pending = value.Groups.Values[0].Pending;
                    Say("XACK", stream, "g", pending.Count > 0 ? pending.Keys[0].ToString() : "0-1");
                }

                break;
        }
    }

    /// <summary>Runs a command; errors (wrong type, no such key) are part of the game.</summary>
    private void Say(params ReadOnlySpan<Blob> command)
    {
        var reply = world.Owner.Execute(asClient: true, command);
        world.Scheduler.Log($"app {Show(command)} -> {reply.AsSpan(0, Math.Min(30, reply.Length)).TrimEnd().ToString()}");
    }

    private static string Show(ReadOnlySpan<Blob> command)
    {
        var words = new List<string>();
        foreach (var word in command)
        {
            words.Add(word.Length > 24 ? $"{word.ToString()[..24]}..." : word.ToString());
        }

        return string.Join(' ', words);
    }
}
