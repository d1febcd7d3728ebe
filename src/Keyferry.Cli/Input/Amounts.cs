using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Keyferry.Cli.Input;

/// <summary>Reads amounts as people write them: <c>500ms</c>, <c>2s</c>, <c>5m</c>, <c>64MB</c>.</summary>
internal static class Amounts
{
    public const string DurationForms = "a duration such as 500ms, 2s, 5m or 1h";
    public const string SizeForms = "a size such as 512kB, 64MB or 1GiB";

    private static readonly (string Unit, double Milliseconds)[] DurationUnits =
    [
        ("ms", 1),
        ("s", 1_000),
        ("m", 60_000),
        ("min", 60_000),
        ("h", 3_600_000),
        ("d", 86_400_000),
    ];

    private static readonly (string Unit, double Bytes)[] SizeUnits =
    [
        ("b", 1),
        ("kb", 1e3),
        ("mb", 1e6),
        ("gb", 1e9),
        ("kib", 1L << 10),
        ("mib", 1L << 20),
        ("gib", 1L << 30),
    ];

    /// <summary>A duration with its unit; a bare number has none and is not taken.</summary>
    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = default;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var known = Array.Find(DurationUnits, pair => pair.Unit == unit);
        if (known.Unit is null || number * known.Milliseconds > 365d * 24 * 3_600_000)
        {
            return false;
        }

        duration = TimeSpan.FromMilliseconds(number * known.Milliseconds);
        return true;
    }

    /// <summary>A size in bytes; kB, MB and GB are decimal, KiB, MiB and GiB binary, a bare number counts bytes.</summary>
    public static bool TrySize(string text, out long bytes)
    {
        bytes = 0;
        if (!TrySplit(text, out var number, out var unit))
        {
            return false;
        }

        var known = Array.Find(SizeUnits, pair => pair.Unit == (unit.Length == 0 ? "b" : unit.ToLowerInvariant()));
        if (known.Unit is null || number * known.Bytes > 1e15)
        {
            return false;
        }

        bytes = (long)(number * known.Bytes);
        return true;
    }

    private static bool TrySplit(string text, out double number, [NotNullWhen(true)] out string? unit)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        unit = text[end..].Trim();
        return double.TryParse(text.AsSpan(0, end), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
