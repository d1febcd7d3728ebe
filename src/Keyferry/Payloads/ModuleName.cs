using Keyferry.Resp;

namespace Keyferry.Payloads;

/// <summary>Which module a payload of a module type belongs to.</summary>
internal static class ModuleName
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private const int LettersOfType = 9;
    private const int BitsOfVersion = 10;

    /// <summary>Types of modules in wide use whose names differ from their module's.</summary>
    private static readonly Dictionary<string, string> _modules = new(StringComparer.Ordinal)
    {
        ["ReJSON-RL"] = "ReJSON",
        ["TSDB-TYPE"] = "timeseries",
        ["MBbloom--"] = "bf",
        ["MBbloomCF"] = "bf",
        ["CMSk-TYPE"] = "bf",
        ["TopK-TYPE"] = "bf",
        ["TDIS-TYPE"] = "bf",
        ["bloomfltr"] = "bf",
    };

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

    /// <summary>The module that has a type of that name.</summary>
    public static string Of(string type) => _modules.GetValueOrDefault(type, type);

    /// <summary>The names in an answer to MODULE LIST; where the user may not ask that, those that INFO has told.</summary>
    public static IReadOnlySet<string> InList(RespValue list, IReadOnlyList<string> told) =>
        (list.IsError ? told : list.Items.Select(static module => module["name"]?.Text ?? "")).ToHashSet(StringComparer.Ordinal);
}
