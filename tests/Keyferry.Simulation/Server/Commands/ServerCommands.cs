using System.Text;

namespace Keyferry.Simulation.Server.Commands;

/// <summary>What is asked of a server as a whole.</summary>
internal static class ServerCommands
{
    private static readonly string[] _sections =
    [
        "server",
        "clients",
        "memory",
        "persistence",
        "stats",
        "replication",
        "cpu",
        "cluster",
        "keyspace",
    ];

    public static void AddTo(CommandTable table)
    {
        table.Add("config|get", -3, CommandFlags.Loading, ConfigGet);
        table.Add("config|set", -4, CommandFlags.Loading, ConfigSet);
        table.Add("config|resetstat", 2, CommandFlags.Loading, ResetStatistics);
        table.Add("info", -1, CommandFlags.Loading, Info);
        table.Add("time", 1, CommandFlags.Loading, Time);
        table.Add("role", 1, CommandFlags.Loading, Role);
        table.Add("dbsize", 1, CommandFlags.None, static call => call.Reply.Integer(call.Keys[call.Keys.Selected].Keys.Count));
        table.Add("flushdb", -1, CommandFlags.Write, static call => Flush(call, call.Keys.Selected));
        table.Add("flushall", -1, CommandFlags.Write, static call => Flush(call, database: null));
        table.Add("swapdb", 3, CommandFlags.Write, SwapDb);
        table.Add("wait", 3, CommandFlags.None, static call => call.Reply.Integer(0));
        table.Add(
            "cluster",
            -2,
            CommandFlags.Loading,
            static _ => throw new CommandError("ERR This instance has cluster support disabled")
        );
        table.Add(
            "debug",
            -2,
            CommandFlags.Loading,
            static _ =>
                throw new CommandError(
                    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server."
                )
        );
    }

    private static void ConfigGet(Call call)
    {
        var found = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (var i = 2; i < call.Count; i++)
        {
            foreach (var (name, value) in call.Server.Configuration.Get(call[i]))
            {
                found[name] = value;
            }
        }

        call.Reply.Map(found.Count);
        foreach (var (name, value) in found)
        {
            call.Reply.Bulk(name);
            call.Reply.Bulk(value);
        }
    }

    private static void ConfigSet(Call call)
    {
        if (call.Count % 2 != 0)
        {
            throw new CommandError("ERR wrong number of arguments for 'config|set' command");
        }

        for (var i = 2; i < call.Count; i += 2)
        {
            call.Server.Configuration.Set(call[i].ToString(), call[i + 1].ToString());
        }

        call.Reply.Ok();
    }

    private static void ResetStatistics(Call call)
    {
        call.Server.Commands.ResetCalls();
        call.Reply.Ok();
    }

    private static void Time(Call call)
    {
        var now = call.Server.Now;
        var seconds = now.ToUnixTimeSeconds();
        call.Reply.Bulks([seconds, (now - DateTimeOffset.FromUnixTimeSeconds(seconds)).Ticks / TimeSpan.TicksPerMicrosecond]);
    }

    private static void Role(Call call)
    {
        if (call.Server.IsReplica)
        {
            call.Reply.Array(5);
            call.Reply.Bulk("slave");
            call.Reply.Bulk("10.0.0.9");
            call.Reply.Integer(6379);
            call.Reply.Bulk("connected");
            call.Reply.Integer(0);
            return;
        }

        call.Reply.Array(3);
        call.Reply.Bulk("master");
        call.Reply.Integer(0);
        call.Reply.Array(0);
    }

    private static void Flush(Call call, int? database)
    {
        if (call.Count > 2 || (call.Count == 2 && !call[1].Is("ASYNC") && !call[1].Is("SYNC")))
        {
            throw CommandError.Syntax;
        }

        call.Keys.Flush(database);
        call.Reply.Ok();
    }

    private static void SwapDb(Call call)
    {
        var (first, second) = (call.Integer(1), call.Integer(2));
        if (first < 0 || first >= call.Keys.Count || second < 0 || second >= call.Keys.Count)
        {
            throw new CommandError("ERR DB index is out of range");
        }

        call.Keys.Swap((int)first, (int)second);
        call.Reply.Ok();
    }

    private static void Info(Call call)
    {
        var wanted = new List<string>();
        for (var i = 1; i < call.Count; i++)
        {
            wanted.Add(call[i].ToString().ToLowerInvariant());
        }

        var everything = wanted.Contains("all") || wanted.Contains("everything");
        var usual = wanted.Count == 0 || everything || wanted.Contains("default");
        var text = new StringBuilder();
        foreach (var section in _sections.Where(section => usual || wanted.Contains(section)))
        {
            Section(text, call, section);
        }

        if (call.Server.Options.CountsCommands && (everything || wanted.Contains("commandstats")))
        {
            _ = text.Append(text.Length > 0 ? "\r\n" : "").Append("# Commandstats\r\n");
            foreach (var counted in call.Server.Commands.Used.GroupBy(command => CountedAs(command.Name, call.Server.Options.Version)))
            {
                var calls = counted.Sum(static command => command.Calls);
                _ = text.Append($"cmdstat_{counted.Key}:calls={calls},usec=0,usec_per_call=0.00,rejected_calls=0,failed_calls=0\r\n");
            }
        }

        call.Reply.Verbatim(text.ToString());
    }

    /// <summary>Before 7.0 all subcommands of a command are counted as one.</summary>
    private static string CountedAs(string command, string version) => version[0] < '7' ? command.Split('|')[0] : command;

    private static void Section(StringBuilder text, Call call, string section)
    {
        var server = call.Server;
        _ = text.Append(text.Length > 0 ? "\r\n" : "").Append($"# {char.ToUpperInvariant(section[0])}{section[1..]}\r\n");
        string[] lines = section switch
        {
            "server" =>
            [
                $"redis_version:{server.Options.Version}",
                "redis_mode:standalone",
                $"run_id:{server.RunId}",
                "tcp_port:6379",
                "executable:/usr/bin/redis-server",
                $"server_time_usec:{server.Clock * 1000}",
            ],
            "clients" =>
            [
                $"connected_clients:{server.Clients.All.Count}",
                $"tracking_clients:{server.Clients.All.Count(static client => client.Tracking is not null)}",
            ],
            "memory" =>
            [
                $"used_memory:{server.Keyspace.Bytes}",
                $"maxmemory:{server.Configuration.MaxMemory}",
                $"maxmemory_policy:{(server.Configuration.Evicts ? "allkeys-random" : "noeviction")}",
            ],
            "persistence" =>
            [
                $"loading:{(server.IsLoading ? 1 : 0)}",
                // It never saves.
                $"rdb_changes_since_last_save:{server.Statistics.Changes}",
                "rdb_last_save_time:1772323200",
                "rdb_last_bgsave_status:ok",
                $"rdb_bgsave_in_progress:{(server.Clock < server.Statistics.ChildUntil ? 1 : 0)}",
            ],
            "stats" =>
            [
                $"total_connections_received:{server.Statistics.Connections}",
                $"total_commands_processed:{server.Statistics.Commands}",
                $"expired_keys:{server.Statistics.Expired}",
                $"evicted_keys:{server.Statistics.Evicted}",
                $"total_forks:{server.Statistics.Forks}",
            ],
            "replication" => Replication(server),
            "cpu" => ["used_cpu_sys:0.0"],
            "cluster" => ["cluster_enabled:0"],
            _ => KeyspaceLines(server),
        };
        foreach (var line in lines)
        {
            _ = text.Append(line).Append("\r\n");
        }
    }

    private static string[] Replication(SimServer server) =>
        server.IsReplica
            ?
            [
                "role:slave",
                "master_host:10.0.0.9",
                "master_link_status:up",
                $"master_replid:{server.ReplicationId}",
                "master_repl_offset:0",
            ]
            : ["role:master", "connected_slaves:0", $"master_replid:{server.ReplicationId}", "master_repl_offset:0"];

    private static string[] KeyspaceLines(SimServer server) =>
        [
            .. from number in Enumerable.Range(0, server.Keyspace.Count)
            let database = server.Keyspace[number]
            where database.Keys.Count > 0
            select $"db{number}:keys={database.Keys.Count},expires={database.Expiring},avg_ttl=0",
        ];
}
