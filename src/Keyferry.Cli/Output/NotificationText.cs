using System.Globalization;
using Keyferry.Notifications;

namespace Keyferry.Cli.Output;

/// <summary>Notification flags for people.</summary>
internal static class NotificationText
{
    /// <summary>One line a letter: whether it is set, whether it is needed, what it means.</summary>
    public static void Letters(TextWriter to, NotificationFlags flags)
    {
        foreach (var line in FlagLetters.Explain(flags))
        {
            var state = (line.Set, line.Needed) switch
            {
                (true, _) => "on",
                (false, true) => "MISSING",
                _ => "off",
            };
            to.WriteLine($"  {line.Letter}  {state, -7}  {line.Words}");
        }
    }

    /// <summary>The family in words.</summary>
    public static string Name(ChannelFamily family) => family == ChannelFamily.Event ? "event (E)" : "key (K)";

    /// <summary><c>0.4 ms</c></summary>
    public static string Milliseconds(TimeSpan span) => span.TotalMilliseconds.ToString("0.0", CultureInfo.InvariantCulture) + " ms";
}
