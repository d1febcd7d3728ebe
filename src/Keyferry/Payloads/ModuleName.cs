using Keyferry.Resp;

namespace Keyferry.Payloads;

/// <summary>Which module a payload of a module type belongs to.</summary>
internal static class ModuleName
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private const int LettersOfType = 9;
    private const int BitsOfVersion = 10;

    /// <summary>Types of modules in wide use, and the modules that have them: those of Redis, and those of Valkey that read the same.</summary>
    private static readonly Dictionary<string, string[]> _modules = new(StringComparer.Ordinal)
    {
        ["vectorset"] = ["vectorset"],
        ["ReJSON-RL"] = ["ReJSON", "json"],
        ["TSDB-TYPE"] = ["timeseries"],
        ["MBbloom--"] = ["bf"],
        ["MBbloomCF"] = ["bf"],
        ["CMSk-TYPE"] = ["bf"],
        ["TopK-TYPE"] = ["bf"],
        ["TDIS-TYPE"] = ["bf"],
        ["bloomfltr"] = ["bf"],
    };

    /// <summary>Whether the modules that have a type are known here.</summary>
    public static bool IsKnown(string type) => _modules.ContainsKey(type);

    /// <summary>The types, of those that are known here, of which a server with these modules may have values.</summary>
    public static IEnumerable<string> TypesOf(IReadOnlySet<string> modules) =>
        _modules.Where(entry => entry.Value.Any(modules.Contains)).Select(static entry => entry.Key);

    /// <summary>The type's name, as TYPE tells it: the first number of the payload, six bits a letter.</summary>
    public static string TypeOf(ulong id) =>
        string.Create(
            LettersOfType,
            id >> BitsOfVersion,
            static (text, bits) =>
            {
                for (var i = text.Length - 1; i >= 0; i--)
                {
                    text[i] = Letters[(int)(bits & 63)];
                    bits >>= 6;
                }
            }
        );

    /// <summary>The modules of a server that may have types of which nothing is known here.</summary>
    public static IEnumerable<string> Unfamiliar(IReadOnlySet<string> modules) =>
        modules.Where(static module => !_modules.Values.Any(owners => owners.Contains(module)));

    /// <summary>Whether a value of a type may be sent to a target: it has the module. Of an unfamiliar type it is any module of the source that is unfamiliar too.</summary>
    /// <remarks>Where nothing is told of the modules, the target itself says what it does not have; servers before 7.0 may end instead.</remarks>
    public static bool IsShared(string type, PayloadFormat source, PayloadFormat target)
    {
        if (_modules.TryGetValue(type, out var owners) && source.Modules.Count > 0)
        {
            return owners.Any(target.Modules.Contains);
        }

        string[] candidates = [.. Unfamiliar(source.Modules)];
        return candidates.Length > 0
            ? candidates.All(target.Modules.Contains)
            : target.Version == 0 || target.Version > PayloadFormat.Redis62;
    }

    /// <summary>The names in an answer to MODULE LIST; where the user may not ask that, those that INFO has told.</summary>
    public static IReadOnlySet<string> InList(RespValue list, IReadOnlyList<string> told) =>
        (list.IsError ? told : list.Items.Select(static module => module["name"]?.Text ?? "")).ToHashSet(StringComparer.Ordinal);
}
