using System.Text.Encodings.Web;
using System.Text.Json;

namespace Keyferry.Cli.Output;

/// <summary>Writes objects, one a line.</summary>
internal sealed class JsonLines(TextWriter output, TimeProvider time)
{
    // The output is no web page: quotes and letters of all scripts stay readable.
    private static readonly JsonContext Context = new(
        new JsonSerializerOptions(JsonContext.Default.Options)
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = null,
        }
    );

    /// <summary>This moment, UTC, to the millisecond.</summary>
    public DateTime Now => Stamp(time.GetUtcNow());

    /// <summary>A moment, UTC, to the millisecond.</summary>
    public static DateTime Stamp(DateTimeOffset at) => new(at.UtcTicks - (at.UtcTicks % TimeSpan.TicksPerMillisecond), DateTimeKind.Utc);

    /// <summary>Writes one object, and flushes: readers wait for it.</summary>
    public void Write(JsonRecord record)
    {
        output.WriteLine(JsonSerializer.Serialize(record, record.GetType(), Context));
        output.Flush();
    }
}
