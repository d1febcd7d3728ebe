using System.Text.Json;
using Keyferry.Model;
using Keyferry.Notifications;

namespace Keyferry.Cli.Output;

/// <summary>Notification flags and tests for programs: one object on one line.</summary>
internal static class NotificationJson
{
    /// <summary><c>keyferry notifications status --json</c></summary>
    public static void Write(TextWriter to, Endpoint endpoint, FlagReading reading) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("server", endpoint.ToString());
                json.WriteBoolean("readable", reading is FlagReading.Known);
                switch (reading)
                {
                    case FlagReading.Known known:
                        Known(json, known);
                        break;
                    case FlagReading.Unreadable unreadable:
                        json.WriteString("why", FlagTrouble.Words(unreadable.Cause));
                        json.WriteString("said", unreadable.Said.TrimEnd());
                        json.WriteString("remedy", FlagTrouble.Remedy(unreadable.Cause, NotificationFlags.Needed(ChannelFamily.Event)));
                        break;
                }
            }
        );

    /// <summary><c>keyferry notifications test --json</c></summary>
    public static void Write(TextWriter to, Endpoint endpoint, NotificationTestResult result) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("server", endpoint.ToString());
                json.WriteString("family", result.Family?.Letter().ToString());
                json.WriteString("missing", result.Missing);
                json.WriteString("unproved", result.Unproved);
                json.WriteStartArray("classes");
                foreach (var one in result.Classes)
                {
                    json.WriteStartObject();
                    json.WriteString("letter", one.Letter.ToString());
                    json.WriteString("what", one.What);
                    json.WriteBoolean("comes", one.Comes);
                    json.WriteString("families", string.Concat(one.Families.Select(static family => family.Letter())));
                    json.WriteNumber("latencyMs", Math.Round(one.Latency.TotalMilliseconds, 3));
                    json.WriteString("notTested", one.NotTested);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
        );

    private static void Known(Utf8JsonWriter json, FlagReading.Known known)
    {
        var missing = NotificationFlags.Needed(known.Flags.Family).Without(known.Flags);
        json.WriteString("flags", known.Text);
        json.WriteBoolean("sufficient", missing.IsEmpty);
        json.WriteString("missing", missing.ToConfigText());
        json.WriteString("family", known.Flags.Family.Letter().ToString());
        json.WriteBoolean("sendsAnything", known.Flags.SendsAnything);
        json.WriteStartArray("letters");
        foreach (var line in FlagLetters.Explain(known.Flags))
        {
            json.WriteStartObject();
            json.WriteString("letter", line.Letter.ToString());
            json.WriteBoolean("set", line.Set);
            json.WriteBoolean("needed", line.Needed);
            json.WriteString("means", line.Words);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
