using static Keyferry.Mutations.NamedTest;

namespace Keyferry.Mutations;

/// <content>What is owed to others: their settings, their keys, their secrets, and an answer that was lost.</content>
internal static partial class MutationList
{
    private static Mutation[] Keeping { get; } =
    [
        new(
            9,
            "Flags are set and no lease is written down",
            "Notifications/NotificationSwitch.cs",
            "var lease = TakeLease(before, wanted);",
            "var lease = 0L;",
            Integration("KilledWhileSettingTests", "Killed_before_the_answer_came_the_old_value_is_put_back")
        ),
        new(
            9,
            "Flags are not put back",
            "Migration/RunCourse.cs",
            ".. await _listening.RestoreAsync(patience.Token), ",
            "",
            Simulation("InvariantTests", "The_source_is_left_as_it_was_found")
        ),
        new(
            9,
            "The probe key stays",
            "Migration/CaptureProbe.cs",
            "_ = await connection.TryCallAsync(stop, \"DEL\", probe);",
            "_ = await connection.TryCallAsync(stop, \"PERSIST\", probe);",
            Simulation("InvariantTests", "The_source_is_left_as_it_was_found")
        ),
        new(
            9,
            "Reading counts as use",
            "Lanes/Lane.cs",
            "await reads.Quiet.AskAsync(from, stop);",
            "_ = from;",
            Simulation("InvariantTests", "The_source_is_left_as_it_was_found")
        ),
        new(
            11,
            "The connection of an unanswered write may live on",
            "Lanes/Forerunners.cs",
            "await connection.TryCallAsync(stop, \"CLIENT\", \"KILL\", \"ID\", previous.ClientId);",
            "await connection.TryCallAsync(stop, \"PING\");",
            Simulation("UnansweredWriteTests", "No_earlier_connection_of_a_lane_is_left_when_it_writes")
        ),
        new(
            11,
            "What a killed process has left on the target lives on",
            "Migration/OldConnections.cs",
            "if (!isOurs || !long.TryParse(id, out var number) || number == connection.ClientId)",
            "if (isOurs || !long.TryParse(id, out var number) || number == connection.ClientId)",
            Simulation("UnansweredWriteTests", "No_connection_of_a_killed_process_is_left_when_the_next_one_writes")
        ),
        new(
            12,
            "A run that merges takes every key of the target for its own",
            "Migration/MigrationEngine.cs",
            "public bool OwnsTarget => _options.TargetKeys != TargetKeys.Merge;",
            "public bool OwnsTarget => true;",
            Simulation("EngineSimulationTests", "The_target_has_keys_of_its_own")
        ),
        new(
            12,
            "A target that has keys is taken for an empty one",
            "Migration/Planner.cs",
            "if (keys > 0 && !_sameServer && options is { TargetKeys: TargetKeys.Refuse, Resume: false })",
            "if (keys < 0 && !_sameServer && options is { TargetKeys: TargetKeys.Refuse, Resume: false })",
            Simulation("InvariantTests", "A_target_that_has_keys_is_refused")
        ),
        new(
            12,
            "What the target has more is everybody's",
            "Verify/Verifier.cs",
            "if (observation.Kind == DifferenceKind.Surplus && !fromSource && !options.TargetKeysOwned)",
            "if (observation.Kind == DifferenceKind.Surplus && !fromSource && options is null)",
            Integration("VerifierScopeTests", "Keys_that_the_run_does_not_own_are_left_alone")
        ),
        new(
            10,
            "A switch whose answer was lost counts as done",
            "Cutover/CutoverRunner.cs",
            "_ => await ResolveAsync(answer.Why, stop) ? null : \"a person said that the clients were not switched\",",
            "_ => null,",
            Integration("OwnershipTests", "Switch_without_an_answer_waits_for_a_person_behind_the_fence")
        ),
        new(
            13,
            "Nobody asks the fence whether it stands",
            "Cutover/FenceGuard.cs",
            "if (await _fence.CheckAsync(stop) is { } trouble)",
            "if (await _fence.CheckAsync(stop) is { Length: 0 } trouble)",
            Integration("BrokenFenceTests", "Pause_that_somebody_lifts_is_noticed")
        ),
        new(
            13,
            "Nobody looks at the fence when the switch has answered",
            "Cutover/CutoverRunner.cs",
            "_ = await scene.LookAtFenceAsync(CancellationToken.None);",
            "await Task.CompletedTask;",
            Integration("BrokenFenceTests", "Pause_that_ends_while_the_clients_are_switched_is_told")
        ),
        new(
            9,
            "A connection that breaks leaves the flags as they are",
            "Migration/SourceListening.cs",
            "if (!isAway || _time.GetElapsedTime(began) > RestoreTries)",
            "if (isAway || outcomes.Count >= 0 || _time.GetElapsedTime(began) > RestoreTries)",
            Simulation("InvariantTests", "Flags_are_put_back_over_a_new_connection_where_the_first_one_breaks")
        ),
        new(
            13,
            "Roles behind a fence are not looked at",
            "Cutover/FenceGuard.cs",
            "if (now.IsReplica || now.ReplicationId != before.ReplicationId)",
            "if (now.RunId.Length < 0)",
            Integration("BrokenFenceTests", "Source_that_becomes_a_replica_is_noticed")
        ),
        new(
            14,
            "A secret prints",
            "Model/Secret.cs",
            "public override string ToString() => \"***\";",
            "public override string ToString() => _value;",
            Unit("SecretTests", "A_secret_prints_nowhere_not_even_in_what_holds_it")
        ),
    ];
}
