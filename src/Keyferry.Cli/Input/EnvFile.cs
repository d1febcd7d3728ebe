using Keyferry.Model;

namespace Keyferry.Cli.Input;

/// <summary>The file <c>.env</c> of the current folder: settings under the names that migration guides use. The environment comes before it.</summary>
/// <remarks>Only the names in <see cref="Known"/> are read: a project's <c>.env</c> holds much that is none of Keyferry's business.</remarks>
internal sealed class EnvFile
{
    /// <summary>The names that are read.</summary>
    public static readonly IReadOnlyList<string> Known =
    [
        "REDIS_SOURCE_HOST",
        "REDIS_SOURCE_PORT",
        "REDIS_SOURCE_PASSWORD",
        "REDIS_SOURCE_TLS",
        "ELASTICACHE_CLUSTER_ID",
        "AWS_REGION",
    ];

    /// <summary>A file that holds nothing.</summary>
    public static readonly EnvFile None = new([]);

    private readonly Dictionary<string, string> _values;

    private EnvFile(Dictionary<string, string> values) => _values = values;

    /// <summary>Reads <paramref name="path"/>; one that is missing is an empty one.</summary>
    /// <exception cref="KeyferryException">It is there, but cannot be read.</exception>
    public static EnvFile Read(string path)
    {
        if (!File.Exists(path))
        {
            return None;
        }

        try
        {
            return Parse(File.ReadLines(path));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The file {Path.GetFullPath(path)} cannot be read: {unreadable.Message}",
                "Give this user the right to read it, or run in another folder.",
                unreadable
            );
        }
    }

    /// <summary>Reads lines: <c>NAME=value</c>, with <c>export</c> before it and quotes around the value if need be.</summary>
    public static EnvFile Parse(IEnumerable<string> lines)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in lines.Select(static line => line.Trim()))
        {
            var text = line.StartsWith("export ", StringComparison.Ordinal) ? line[7..].TrimStart() : line;
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && Known.Contains(text[..equals].TrimEnd()))
            {
                values[text[..equals].TrimEnd()] = Unquoted(text[(equals + 1)..].Trim());
            }
        }

        return new EnvFile(values);
    }

    /// <summary>The value of a name, or <see langword="null"/>.</summary>
    public string? Get(string name) => _values.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    private static string Unquoted(string value)
    {
        if (value.Length >= 2 && value[0] is '"' or '\'')
        {
            var end = value.IndexOf(value[0], 1);
            return end > 0 ? value[1..end] : value;
        }

        var comment = value.IndexOf(" #", StringComparison.Ordinal);
        return comment >= 0 ? value[..comment].TrimEnd() : value;
    }
}
