using Keyferry.Model;

namespace Keyferry.Verify;

/// <summary>A database of the source and the database of the target that must equal it, or that part of it whose names lead back there.</summary>
internal readonly record struct DatabasePair(int Source, int Target)
{
    /// <summary>Which names, where they are others than those of the whole comparison.</summary>
    public KeyNames? Names { get; init; }

    /// <summary>Those of a scope; <see langword="null"/> where it names none.</summary>
    public static IReadOnlyList<DatabasePair>? Of(DatabaseScope scope) =>
        scope.Databases is { } named
            ?
            [
                .. named.Select(database => new DatabasePair(database, scope.TargetOf(database))
                {
                    Names = scope.NamesOf(database) is var names && names != scope.Names ? names : null,
                }),
            ]
            : null;
}
