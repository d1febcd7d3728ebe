using static Keyferry.Mutations.NamedTest;

namespace Keyferry.Mutations;

/// <content>How losses are noticed and made good, and what bounds the memory.</content>
internal static partial class MutationList
{
    private static Mutation[] Noticing { get; } =
    [
        new(
            6,
            "A loss is told to nobody",
            "Lanes/LaneSet.cs",
            "_gaps.Note(reason, since: since, cause: cause, lasts: lasts);",
            "_ = reason;",
            Simulation("EngineSimulationTests", "Broken_networks")
        ),
        new(
            6,
            "Polling does not say that anything may have changed",
            "Capture/PollingCapture.cs",
            """
            sink.MayHaveMissed(Reason);
                    return ValueTask.CompletedTask;
            """,
            "return sink is null ? default : ValueTask.CompletedTask;",
            Simulation("SimulatedCaptureTests", "Every_kind_of_write_is_heard")
        ),
        new(
            6,
            "A half-open capture is taken for a quiet one",
            "Capture/ListeningCapture.cs",
            """
            connection.Reset();
                                    return;
            """,
            "return;",
            Simulation("EngineSimulationTests", "Everything_goes_wrong")
        ),
        new(
            6,
            "A source that has become silent is told to nobody",
            "Capture/HearingTrial.cs",
            "if (_heard is not { } heard)",
            "if (_heard is not { } heard || sink is not null)",
            Simulation("EngineSimulationTests", "Flags_that_cannot_be_read_go_and_nothing_counts_it")
        ),
        new(
            6,
            "Flags that cannot be read are not tried out again and again",
            "Capture/SourceWatch.cs",
            "if (covers || (reading is FlagReading.Known ? !hearing.IsDeaf || hearing.IsDue : mayTry && hearing.IsDue))",
            "if (covers || reading is FlagReading.Known)",
            Simulation("EngineSimulationTests", "Flags_that_cannot_be_read_go_and_nothing_counts_it")
        ),
        new(
            6,
            "A source whose flags somebody has put right counts as silent for ever",
            "Capture/SourceWatch.cs",
            "if (covers && !hearing.IsDeaf)",
            "if (covers)",
            Integration("SourceWatchTests", "Flags_that_somebody_has_put_right_end_the_blind_time")
        ),
        new(
            6,
            "Whoever sets flags passes unnoticed",
            "Capture/SourceWatch.cs",
            "is { } gap",
            "is { Reason.Length: 0 } gap",
            Simulation("EngineSimulationTests", "Flags_that_cannot_be_read_go_and_come")
        ),
        new(
            6,
            "Nobody tries whether the source still tells of changes before its clients are kept from writing",
            "Migration/CutoverScene.cs",
            "if (await context.Deafness(stop) is { } deaf)",
            "if (await context.Deafness(stop) is { Length: 0 } deaf)",
            Integration("CutoverTests", "A_source_that_has_become_silent_is_not_left_though_its_flags_cannot_be_read")
        ),
        new(
            6,
            "Commands that raise no event pass unnoticed",
            "Capture/SourceWatch.cs",
            "if (CommandCounts.Rose(silent, before, now) is { } command)",
            "if (CommandCounts.Rose(silent, before, now) is { Length: 0 } command)",
            Simulation("EngineSimulationTests", "Everything_goes_wrong")
        ),
        new(
            6,
            "Changes of consumer groups pass unnoticed",
            "Capture/SourceWatch.cs",
            "if (CommandCounts.Rose(silentForStreams, before, now) is { } streams)",
            "if (CommandCounts.Rose(silentForStreams, before, now) is { Length: 0 } streams)",
            Simulation("EngineSimulationTests", "Everything_goes_wrong")
        ),
        new(
            6,
            "Idle times are believed for a time that nobody watched",
            "Capture/IdleEvidence.cs",
            "since < clean.Look.Ended",
            "since < 0",
            Unit("IdleEvidenceTests", "Before_the_first_look_nothing_is_known")
        ),
        new(
            6,
            "Idle times are believed although a child process kept uses from being noted",
            "Capture/IdleEvidence.cs",
            "if (Number(was, \"total_forks\") != Number(now, \"total_forks\"))",
            "if (Number(was, \"total_forks\") > Number(now, \"total_forks\"))",
            Unit("IdleEvidenceTests", "What_INFO_tells_takes_the_proof_away")
        ),
        new(
            6,
            "Small integers, which share an idle time, are taken for idle",
            "Verify/DigestScript.cs",
            " or e=='int' then",
            "then",
            Integration("RecentUseTests", "Idle_keys_are_left_out_but_for_integers")
        ),
        new(
            6,
            "A target that has forgotten everything passes unnoticed",
            "Lanes/TargetProcess.cs",
            "gaps.Note(reason);",
            "_ = reason;",
            Integration("FaultTests", "Target_that_comes_back_empty_is_a_gap")
        ),
        new(
            6,
            "A target to which nothing is written is not looked at",
            "Migration/MigrationEngine.cs",
            "background.Add(_targetWatch.RunAsync(background.Stop));",
            "_ = _targetWatch;",
            Simulation("InvariantTests", "A_target_that_comes_back_empty_while_nobody_writes_is_filled_again")
        ),
        new(
            6,
            "What a killed process has left open is forgotten",
            "Migration/RunCourse.cs",
            "_journal.TakeUp(_engine.Gaps);",
            "_ = _journal;",
            Simulation("EngineSimulationTests", "Killed_and_resumed")
        ),
        new(
            6,
            "Streams of a source that counts no commands are not looked at behind the fence",
            "Migration/CutoverScene.cs",
            "if (!engine.CountsSilentCommands())",
            "if (engine.Gaps.Open < 0)",
            Simulation("UncountedSourceTests", "What_nothing_tells_of_is_on_the_target_when_the_clients_come")
        ),
        new(
            6,
            "Both sides may have other numbers of keys behind the fence",
            "Migration/CutoverScene.cs",
            "if (await counts.DifferenceAsync(stop) is { } differing)",
            "if (await counts.DifferenceAsync(stop) is { Length: 0 } differing)",
            Simulation("UncountedSourceTests", "What_nothing_tells_of_is_on_the_target_when_the_clients_come")
        ),
        new(
            6,
            "The time between two processes of a run is no gap",
            "Migration/RunCourse.cs",
            "_engine.Gaps.Note(\"Keyferry was not running for a while\");",
            "_ = _engine;",
            Simulation("EngineSimulationTests", "Killed_and_resumed")
        ),
        new(
            6,
            "Sums of names that differ count as equal",
            "Verify/NameSums.cs",
            "_sums[bucket] != other._sums[bucket]",
            "bucket < 0",
            Unit("NameSumsTests", "One_other_name_makes_its_bucket_unequal")
        ),
        new(
            6,
            "Digests that differ count as equal",
            "Verify/DigestWalk.cs",
            "!page.Digest.SequenceEqual(_onTarget.Digest)",
            "_unequal < 0",
            Integration("DigestScriptTests", "Every_change_of_a_hash_table_shows")
        ),
        new(
            6,
            "Hash tables whose payloads were moved count as equal",
            "Verify/DigestWalk.cs",
            "source.MarkUnequalTables(_onTarget, _places);",
            "_ = source;",
            Integration("DigestScriptTests", "Every_change_of_a_hash_table_shows")
        ),
        new(
            6,
            "The sum of a page's digests does not tell whose value is whose",
            "Verify/DigestScript.cs",
            "add('k'..#k..':'..k..c,y,z)",
            "add('k'..c,y,z)",
            Integration("DigestScriptTests", "Every_change_of_a_hash_table_shows")
        ),
        new(
            6,
            "The names of one node of a cluster are forgotten when the next has its turn",
            "Verify/DigestWalk.cs",
            "if (!Continues)",
            "if (!Continues || _pages == 0)",
            Integration("ClusterRescanTests", "Whatever_differs_is_named_and_nothing_else")
        ),
        new(
            6,
            "Values that no server has looked into count as equal",
            "Verify/DigestWalk.cs",
            "await CompareApartAsync(page, link, scripts, stop);",
            "_ = page;",
            Integration("RescanTests", "Values_too_large_for_one_call_are_compared_all_the_same")
        ),
        new(
            6,
            "A write that an expiry hides is none",
            "Servers/SourceMark.cs",
            "return later.Changes != Changes",
            "return later.Changes > Changes + 1",
            Integration("UnheardWriterTests", "Two_marks_of_a_source_tell_a_write_from_an_expiry")
        ),
        new(
            6,
            "A change that finds no room is dropped",
            "Lanes/LaneSet.cs",
            "_gaps.Note(\"more keys changed than the memory budget for dirty keys holds\", since: HeardUpTo());",
            "_ = _gaps;",
            Simulation("EngineSimulationTests", "Little_memory")
        ),
        new(
            6,
            "A rescan closes gaps that opened after it began",
            "Queue/GapLedger.cs",
            "closed = [.. _closing.Where(static gap => gap is { IsNotedAgain: false, Lasts: false })];",
            "closed = [.. _closing, .. _pending]; _pending.Clear();",
            Unit("GapLedgerTests", "A_gap_that_opens_during_a_rescan_is_not_closed_by_it")
        ),
        new(
            6,
            "A rescan closes a gap that lasts",
            "Queue/GapLedger.cs",
            "_standing.AddRange(_closing.Where(static gap => gap is { IsNotedAgain: false, Lasts: true }));",
            "_standing.Clear();",
            Unit("GapLedgerTests", "A_gap_that_lasts_is_closed_by_a_rescan_after_its_end_and_by_no_other")
        ),
        new(
            6,
            "A rescan that failed closes its gaps",
            "Migration/MigrationEngine.cs",
            "Gaps.AbandonClosing();",
            "Gaps.FinishClosing();",
            Simulation("InvariantTests", "A_rescan_that_fails_leaves_its_gap_open")
        ),
        new(
            6,
            "A gap that opens during the proof does not matter",
            "Migration/RunProof.cs",
            "var missed = engine.Gaps.Total != gaps || engine.Gaps.Open > 0;",
            "var missed = gaps < 0;",
            Simulation("InvariantTests", "A_gap_during_the_proof_makes_it_begin_anew")
        ),
        new(
            7,
            "Dirty keys have no budget",
            "Queue/LaneQueue.cs",
            "> _budget && _dirty.Count > 0)",
            "> _budget && _dirty.Count < 0)",
            Unit("LaneQueueTests", "What_does_not_fit_in_the_budget_is_refused_not_dropped")
        ),
        new(
            7,
            "Values wait until their batch is complete",
            "Transfer/TargetWriter.cs",
            "connection.Output.Length >= FlushThreshold",
            "connection.Output.Length < 0",
            Simulation("PayloadBudgetTests", "Values_on_their_way_take_little_memory")
        ),
        new(
            7,
            "A pass over the source runs ahead without end",
            "Queue/LaneQueue.cs",
            "if (_feed.Bytes > _feedBudget || _feed.Count >= MostOffered)",
            "if (_feed.Bytes < 0 && _feedBudget < 0)",
            Unit("LaneSetTests", "A_rescan_takes_no_memory_from_the_live_changes")
        ),
        new(
            7,
            "Keys that changed during a comparison are remembered without end",
            "Lanes/ChangedKeys.cs",
            "if (_overflowed || _keys.Count >= Most || _bytes + key.Length > MostBytes)",
            "if (_overflowed)",
            Unit("ChangedKeysTests", "Large_names_are_bounded_by_their_bytes")
        ),
        new(
            7,
            "Keys that look different are remembered without end",
            "Verify/Candidates.cs",
            "else if (_seen.Count < limit && _bytes + key.Name.Span.Length <= byteLimit)",
            "else if (limit + byteLimit > 0)",
            Unit("FindingsTests", "Candidates_are_bounded_in_number_and_in_bytes")
        ),
        new(
            8,
            "A walk with rests takes other replies for the answers about a page",
            "Verify/PageWalk.cs",
            "if (cursor != 0 && !rests)",
            "if (cursor != 0)",
            Integration("ContinuousVerifierTests", "A_walk_with_rests_compares_every_key_and_keeps_its_connections")
        ),
        new(
            8,
            "A difference seen once is one, whatever is seen then",
            "Verify/Rechecks.cs",
            "if (!candidates[key].SameAs(now, rule))",
            "if (rule is null)",
            Integration("VerifierChangeTests", "Keys_that_keep_changing_are_in_flight")
        ),
        new(
            8,
            "A difference counts although its key was dirty in between",
            "Verify/Rechecks.cs",
            "stable.Where(key => !watched.WasTouched(key))",
            "stable",
            Integration("VerifierChangeTests", "A_key_that_is_touched_in_every_round_is_in_flight")
        ),
        new(
            8,
            "A difference is found and nobody looks again",
            "Verify/Rechecks.cs",
            "changes.LookAgain(keys);",
            "_ = changes;",
            Integration("VerifierChangeTests", "A_lost_change_is_repaired_by_another_look")
        ),
    ];
}
