using Keyferry.Resp;

namespace Keyferry.Functions;

/// <summary>One library of functions (Redis 7.0 and newer), as FUNCTION LIST WITHCODE tells it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Engine">What runs it: <c>LUA</c>.</param>
/// <param name="Code">Its source text, with the shebang that FUNCTION LOAD wants.</param>
/// <param name="Functions">The names of its functions, which are unique over all libraries of a server.</param>
internal sealed record FunctionLibrary(string Name, string Engine, string Code, IReadOnlyList<string> Functions)
{
    /// <summary>Whether both do the same under the same names.</summary>
    public bool IsSameAs(FunctionLibrary other) => Name == other.Name && Engine == other.Engine && Code == other.Code;

    /// <summary>The libraries of one server, by name.</summary>
    /// <exception cref="ServerErrorException">The server has no functions, or the user may not list them.</exception>
    /// <exception cref="IOException">The connection is lost.</exception>
    public static async ValueTask<Dictionary<string, FunctionLibrary>> ListAsync(RespConnection connection, CancellationToken stop)
    {
        var reply = await connection.CallAsync(stop, "FUNCTION", "LIST", "WITHCODE");
        return reply.Items.Select(Of).ToDictionary(static library => library.Name, StringComparer.Ordinal);
    }

    private static FunctionLibrary Of(RespValue reply) =>
        new(
            reply["library_name"]?.Text ?? "",
            reply["engine"]?.Text ?? "",
            reply["library_code"]?.Text ?? "",
            [.. (reply["functions"]?.Items ?? []).Select(static function => function["name"]?.Text ?? "")]
        );
}
