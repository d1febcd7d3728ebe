using Keyferry.Observe;
using Keyferry.Resp;
using Keyferry.Servers;

namespace Keyferry.Functions;

/// <summary>Brings the source's libraries of functions to every primary of the target, and keeps them equal: no event tells of a change, so both sides are compared whenever
/// the run looks at its servers, and in any case after the drain.</summary>
/// <remarks>
/// <para><b>Promises.</b> A library of the target that the run has not put there is never changed or removed. <see cref="Trouble"/> says why the functions are not equal.</para>
/// <para><b>Concurrency.</b> One task looks; the rest may be read by anybody.</para>
/// </remarks>
internal sealed class FunctionMover(ServerConnector source, ServerConnector target, Action<NoteLevel, string> note)
{
    private readonly Dictionary<string, FunctionLibrary> _moved = new(StringComparer.Ordinal);
    private string? _trouble = "the functions have not been moved yet";
    private int _count;

    /// <summary>Why the functions of both sides were not equal at the last look; <see langword="null"/> where they were.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Libraries that the source had at the last look.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>In words, for the report.</summary>
    public string Words =>
        Trouble is { } trouble
            ? $"not equal: {trouble}"
            : $"{Count:#,0} {(Count == 1 ? "library" : "libraries")}, equal on every primary of the target";

    /// <summary>Whether <paramref name="libraries"/> are the same as <paramref name="others"/>.</summary>
    public static bool AreSame(IReadOnlyDictionary<string, FunctionLibrary> libraries, IReadOnlyCollection<FunctionLibrary> others) =>
        libraries.Count == others.Count && others.All(other => libraries.TryGetValue(other.Name, out var one) && one.IsSameAs(other));

    /// <summary>Looks at both sides, and moves what the source has and the target has not.</summary>
    /// <exception cref="IOException">A server is lost.</exception>
    public async ValueTask FollowAsync(CancellationToken stop)
    {
        try
        {
            Volatile.Write(ref _trouble, await LookAsync(stop));
        }
        catch (ServerErrorException refused)
        {
            Volatile.Write(ref _trouble, $"{refused.Command} was refused: {refused.Reply}");
        }
    }

    private async ValueTask<string?> LookAsync(CancellationToken stop)
    {
        Dictionary<string, FunctionLibrary>? wanted = null;
        RespValue? payload = null;
        foreach (var node in source.Nodes)
        {
            await using var connection = await node.ConnectAsync("functions", stop);
            var found = await FunctionLibrary.ListAsync(connection, stop);
            if (wanted is not null && !AreSame(found, wanted.Values))
            {
                return "the primaries of the source do not have the same functions";
            }

            wanted = found;
            payload = await connection.TryCallAsync(stop, "FUNCTION", "DUMP");
        }

        wanted ??= [];
        Volatile.Write(ref _count, wanted.Count);
        foreach (var node in target.Nodes)
        {
            await using var connection = await node.ConnectAsync("functions", stop);
            if (await BringAsync(connection, wanted, payload, stop) is { } trouble)
            {
                return trouble;
            }
        }

        if (_moved.Count > 0 && !AreSame(_moved, wanted.Values))
        {
            note(NoteLevel.Information, "The functions of the source have changed; the target has them as they are now.");
        }

        _moved.Clear();
        foreach (var library in wanted.Values)
        {
            _moved.Add(library.Name, library);
        }

        return null;
    }

    private async ValueTask<string?> BringAsync(
        RespConnection to,
        Dictionary<string, FunctionLibrary> wanted,
        RespValue? payload,
        CancellationToken stop
    )
    {
        var found = await FunctionLibrary.ListAsync(to, stop);
        if (wanted.Values.FirstOrDefault(library => IsForeign(found, library)) is { } foreign)
        {
            return $"the target {to.Endpoint} has another library called {foreign.Name}";
        }

        foreach (var gone in _moved.Values.Where(library => !wanted.ContainsKey(library.Name) && Has(found, library)))
        {
            _ = await to.CallAsync(stop, "FUNCTION", "DELETE", gone.Name);
        }

        var missing = wanted.Values.Where(library => !Has(found, library)).ToList();
        if (missing.Count == 0)
        {
            return null;
        }

        // All at once where the target has none of them; an older target does not read a newer payload, but the code is text.
        var whole = !wanted.Keys.Any(found.ContainsKey) && payload is { IsError: false, IsNull: false };
        if (!whole || (await to.TryCallAsync(stop, "FUNCTION", "RESTORE", payload?.Bytes ?? [], "APPEND")).IsError)
        {
            foreach (var library in missing)
            {
                _ = await to.CallAsync(stop, "FUNCTION", "LOAD", "REPLACE", library.Code);
            }
        }

        var after = await FunctionLibrary.ListAsync(to, stop);
        return wanted.Values.All(library => Has(after, library))
            ? null
            : $"the functions of the target {to.Endpoint} are not those of the source";
    }

    private static bool Has(Dictionary<string, FunctionLibrary> libraries, FunctionLibrary library) =>
        libraries.TryGetValue(library.Name, out var one) && one.IsSameAs(library);

    /// <summary>Whether the target has another library of that name, which the run has not put there.</summary>
    private bool IsForeign(Dictionary<string, FunctionLibrary> found, FunctionLibrary library) =>
        found.TryGetValue(library.Name, out var one) && !one.IsSameAs(library) && !Has(_moved, one);
}
