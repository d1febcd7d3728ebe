using System.Globalization;

namespace Keyferry.Cli.Output;

/// <summary>How numbers look: <c>12,408,113</c>, <c>41 GB</c> (decimal), <c>3 ms</c>, <c>0.4 s</c>, <c>812/s</c>, <c>61 %</c>.</summary>
internal static class Quantity
{
    private static readonly string[] ByteUnits = ["B", "kB", "MB", "GB", "TB", "PB"];

    /// <summary>A count, in groups of three digits.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary><paramref name="number"/> and a noun: <c>1 key</c>, <c>2 keys</c>, <c>no keys</c>.</summary>
    public static string Of(long number, string one, string? many = null) =>
        number switch
        {
            0 => $"no {many ?? one + "s"}",
            1 => $"1 {one}",
            _ => $"{Count(number)} {many ?? one + "s"}",
        };

    /// <summary>Bytes in decimal units, two digits.</summary>
    public static string Bytes(double bytes)
    {
        var unit = 0;
        // Just below a thousand counts as a thousand, so that no "1000 MB" is ever shown.
        while (bytes >= 999.5 && unit < ByteUnits.Length - 1)
        {
            bytes /= 1000;
            unit++;
        }

        var digits = unit > 0 && bytes < 9.95 ? "0.0" : "0";
        return $"{bytes.ToString(digits, CultureInfo.InvariantCulture)} {ByteUnits[unit]}";
    }

    /// <summary>A length of time with the two digits that matter.</summary>
    public static string Duration(TimeSpan span) =>
        span switch
        {
            { TotalMilliseconds: < 99.5 } => $"{Math.Max(0, span.TotalMilliseconds).ToString("0", CultureInfo.InvariantCulture)} ms",
            { TotalSeconds: < 9.95 } => $"{span.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s",
            { TotalSeconds: < 59.5 } => $"{span.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s",
            { TotalHours: < 1 } => Pair((long)Math.Round(span.TotalSeconds), 60, "min", "s"),
            { TotalDays: < 1 } => Pair((long)span.TotalMinutes, 60, "h", "min"),
            _ => Pair((long)span.TotalHours, 24, "d", "h"),
        };

    /// <summary>Date and time, UTC, to the second.</summary>
    public static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    /// <summary>Something per second.</summary>
    public static string Rate(double perSecond, string unit = "")
    {
        var digits = perSecond is > 0 and < 9.95 ? "0.#" : "N0";
        return $"{perSecond.ToString(digits, CultureInfo.InvariantCulture)}{unit}/s";
    }

    /// <summary>A share in whole percent, rounded down: what is not complete is never 100 %.</summary>
    public static string Percent(long part, long whole) => $"{(whole <= 0 ? 0 : Math.Clamp(part * 100 / whole, 0, 100))} %";

    private static string Pair(long small, long perBig, string big, string unit) => $"{small / perBig} {big} {small % perBig} {unit}";
}
