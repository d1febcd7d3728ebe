using static Keyferry.Mutations.NamedTest;

namespace Keyferry.Mutations;

/// <summary>What keeps the invariants, each with the test that misses it: every invariant of <c>docs/invariants.md</c>, and more than once where it has more than one keeper.</summary>
internal static partial class MutationList
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Mutation> All => [.. Moving, .. Noticing, .. Keeping];

    /// <summary>How keys are listened to, queued, read and written.</summary>
    private static Mutation[] Moving { get; } =
    [
        new(
            1,
            "The copy begins while the capture is still being armed",
            "Migration/RunCourse.cs",
            "await _listening.ArmAsync(background, stop);",
            "_ = _listening.ArmAsync(background, stop);",
            Simulation("InvariantTests", "Nothing_is_scanned_before_the_capture_has_heard_its_probe")
        ),
        new(
            1,
            "A capture that hears nothing is trusted",
            "Migration/CaptureProbe.cs",
            "await seen.WaitAsync(Again, time, stop);",
            "_ = seen;",
            Simulation("InvariantTests", "A_source_that_tells_nothing_is_refused")
        ),
        new(
            2,
            "A key waits once for each change",
            "Queue/LaneQueue.cs",
            "if (_table.TryFind(hash, database, key, out var position))",
            "if (_table.TryFind(hash, database, key, out var position) && position.Block < 0)",
            Unit("LaneQueueTests", "A_key_waits_once_however_often_it_is_marked")
        ),
        new(
            2,
            "A replica is read however far it is behind",
            "Servers/ReplicaProof.cs",
            "if (has.Offset >= wanted.Offset)",
            "if (has.Offset >= 0)",
            Integration("ReplicaReadTests", "A_replica_that_stands_still_is_not_read")
        ),
        new(
            5,
            "What a replica says is gone counts as gone",
            "Transfer/SourceReader.cs",
            "primary is not null && (kind.IsStream || kind.IsGone)",
            "false",
            Integration("ReplicaReadTests", "Streams_and_keys_that_are_gone_are_read_at_the_primary")
        ),
        new(
            5,
            "What the target says of many strings counts for the first of them",
            "Transfer/TargetWriter.cs",
            "return _answer;\n        }\n\n        if (batch.Items[index].Database",
            "return null;\n        }\n\n        if (batch.Items[index].Database",
            Simulation("ShortStringTests", "A_target_that_refuses_mset_from_some_time_on_gets_every_key_all_the_same")
        ),
        new(
            5,
            "Strings that wait for others are written after what was read behind them",
            "Transfer/TargetWriter.cs",
            "EndTogether();\n        SelectFor(batch.Items[index].Database);\n        connection.Output.Raw(\"*2",
            "SelectFor(batch.Items[index].Database);\n        connection.Output.Raw(\"*2",
            Unit("TargetWriterTests", "What_was_read_in_between_is_written_in_between")
        ),
        new(
            5,
            "What turned out to be no string counts as gone",
            "Transfer/SourceReader.cs",
            "if (value.IsNull && expiry != -2)",
            "if (value.IsNull && expiry < -2)",
            Simulation("ShortStringTests", "Keys_that_are_lists_or_gone_by_the_time_of_the_read_are_moved_as_that")
        ),
        new(
            5,
            "What turned out to be no string is not asked again what it is",
            "Lanes/LaneSession.cs",
            "asked.Enqueue((rest, Ask(rest)));",
            "_reader.Request(rest); asked.Enqueue((rest, false));",
            Simulation("ShortStringTests", "A_key_that_has_left_the_run_meanwhile_is_not_brought_back")
        ),
        new(
            3,
            "Strings that are read together get each other's values",
            "Transfer/SourceReader.cs",
            "next = PassStringOn(batch, first + k, ",
            "next = PassStringOn(batch, first + group - 1 - k, ",
            Simulation("EngineSimulationTests", "Calm")
        ),
        new(
            3,
            "Any lane takes any key",
            "Lanes/LaneSet.cs",
            "_queues[(hash >> 8) % (uint)_queues.Length]",
            "_queues[(hash + (uint)Interlocked.Increment(ref _changes)) % (uint)_queues.Length]",
            Unit("LaneSetTests", "A_key_takes_the_same_lane_whoever_asks_for_it")
        ),
        new(
            4,
            "A key is forgotten only after it was read",
            "Queue/LaneQueue.cs",
            "_table.Remove(entry.Hash, position);",
            "_ = position;",
            Unit("LaneQueueTests", "A_change_during_the_read_queues_the_key_again")
        ),
        new(
            4,
            "A key counts as moved when it was sent",
            "Queue/LaneQueue.cs",
            "if (item.Settled)",
            "if (item.Sequence > 0)",
            Unit("LaneQueueTests", "A_failed_move_comes_back_and_keeps_the_lane_unsettled")
        ),
        new(
            4,
            "A key counts as moved when the target has refused it",
            "Lanes/LaneSession.cs",
            "throw new LaneHeldException(LaneTrouble.Describe(refusal, \"target\"));",
            "batch.Items[i].Write = KeyWrite.Nothing;",
            Simulation("EngineSimulationTests", "Everything_goes_wrong")
        ),
        new(
            5,
            "A key that is not there is passed over",
            "Transfer/SourceReader.cs",
            """
            target.Unlink(batch, index);
                        return;
            """,
            "return;",
            Simulation("EngineSimulationTests", "Calm")
        ),
        new(
            5,
            "A rescan does not look at what the target has",
            "Verify/Rescan.cs",
            "fromTarget: options.TargetKeysOwned",
            "fromTarget: options is null",
            Simulation("EngineSimulationTests", "Broken_networks")
        ),
    ];
}
