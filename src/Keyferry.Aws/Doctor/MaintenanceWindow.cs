using System.Globalization;

namespace Keyferry.Aws.Doctor;

/// <summary>The weekly time in which AWS may replace nodes, as it writes it: <c>sun:23:00-mon:01:30</c>, UTC.</summary>
internal static class MaintenanceWindow
{
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    /// <summary>How long until it begins; zero inside it; <see langword="null"/> where the text is none.</summary>
    public static TimeSpan? Until(string window, DateTimeOffset now)
    {
        if (window.Split('-') is not [var first, var last] || Of(first) is not { } begin || Of(last) is not { } end)
        {
            return null;
        }

        var at = TimeSpan.FromDays((int)now.UtcDateTime.DayOfWeek) + now.UtcDateTime.TimeOfDay;
        return Positive(at - begin) < Positive(end - begin) ? TimeSpan.Zero : Positive(begin - at);

        static TimeSpan Positive(TimeSpan span) => span < TimeSpan.Zero ? span + TimeSpan.FromDays(7) : span;
    }

    private static TimeSpan? Of(string text) =>
        text.Length > 4
        && Array.IndexOf(Days, text[..3].ToLowerInvariant()) is >= 0 and var day
        && TimeSpan.TryParseExact(text[4..], @"hh\:mm", CultureInfo.InvariantCulture, out var time)
            ? TimeSpan.FromDays(day) + time
            : null;
}
