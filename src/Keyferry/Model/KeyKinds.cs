using System.Globalization;
using System.Text;

namespace Keyferry.Model;

/// <summary>Which keys belong to a run by what they are at the moment: by type, by size, by whether they expire. A key may come to belong to it, and cease to.</summary>
public sealed record KeyKinds
{
    /// <summary>Every key.</summary>
    public static readonly KeyKinds All = new();

    /// <summary>Stands for the types of modules, whatever their names.</summary>
    private const string Other = "other";

    /// <summary>The types, by the names that TYPE answers with; <c>other</c> for those of modules.</summary>
    public static readonly IReadOnlyList<string> KnownTypes = ["string", "list", "set", "zset", "hash", "stream", Other];

    private readonly byte[][]? _types;
    private readonly bool _others;

    /// <summary>Of these types only, each one of <see cref="KnownTypes"/>; <see langword="null"/> for all.</summary>
    /// <exception cref="KeyferryException">One is not known, or there is none.</exception>
    public IReadOnlyList<string>? Types
    {
        get;
        init
        {
            if (value is not null && (value.Count == 0 || value.Any(static type => !KnownTypes.Contains(type))))
            {
                throw new KeyferryException(
                    FailureKind.Usage,
                    $"\"{string.Join(',', value)}\" names a type that Keyferry does not know.",
                    $"Types are {string.Join(", ", KnownTypes)} (which are those of modules)."
                );
            }

            field = value;
            _types = value?.Where(static type => type != Other).Select(Encoding.ASCII.GetBytes).ToArray();
            _others = value?.Contains(Other) == true;
        }
    }

    /// <summary>Only what uses more bytes of the source's memory (MEMORY USAGE); <see langword="null"/> for any size.</summary>
    public long? LargerThan { get; init; }

    /// <summary>Only what uses fewer bytes of the source's memory (MEMORY USAGE); <see langword="null"/> for any size.</summary>
    public long? SmallerThan { get; init; }

    /// <summary>Only keys that expire, or only keys that do not; <see langword="null"/> for both.</summary>
    public bool? Expiring { get; init; }

    /// <summary>Whether every key belongs to the run.</summary>
    public bool AreAll => _types is null && !AskSizes && Expiring is null;

    /// <summary>Whether it takes the size of a value to tell.</summary>
    public bool AskSizes => LargerThan is not null || SmallerThan is not null;

    /// <summary>All of it as text, the same for the same kinds; empty for every key.</summary>
    public string Text =>
        string.Join(
            ' ',
            new[]
            {
                Types is null ? "" : $"types={string.Join(',', Types.Distinct().Order(StringComparer.Ordinal))}",
                LargerThan is { } least ? string.Create(CultureInfo.InvariantCulture, $"larger-than={least}") : "",
                SmallerThan is { } most ? string.Create(CultureInfo.InvariantCulture, $"smaller-than={most}") : "",
                Expiring is { } expiring ? $"expiring={(expiring ? "only" : "never")}" : "",
            }.Where(static part => part.Length > 0)
        );

    /// <summary>Whether values of <paramref name="type"/>, as TYPE names it, may belong to the run.</summary>
    public bool CoverType(string type)
    {
        ArgumentNullException.ThrowIfNull(type);
        return Types is null || Types.Contains(type) || (_others && !KnownTypes.Contains(type));
    }

    /// <summary>Whether values of <paramref name="type"/>, as TYPE names it, may belong to the run.</summary>
    internal bool CoverType(ReadOnlySpan<byte> type)
    {
        if (_types is null)
        {
            return true;
        }

        foreach (var one in _types)
        {
            if (type.SequenceEqual(one))
            {
                return true;
            }
        }

        return _others && CoverType(Encoding.ASCII.GetString(type));
    }

    /// <summary>Whether a value that uses so many bytes may belong to the run.</summary>
    internal bool CoverSize(long bytes) => (LargerThan is not { } least || bytes > least) && (SmallerThan is not { } most || bytes < most);

    /// <summary>Whether a key that expires, or does not, may belong to the run.</summary>
    internal bool CoverExpiry(bool expires) => Expiring is not { } wanted || wanted == expires;
}
