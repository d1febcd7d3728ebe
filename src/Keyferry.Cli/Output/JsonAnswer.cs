using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Keyferry.Cli.Output;

/// <summary>Answers for programs: one object on one line.</summary>
internal static class JsonAnswer
{
    /// <summary>Writes one object, letters of all scripts readable.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="fill">Writes its fields.</param>
    public static void Write(TextWriter to, Action<Utf8JsonWriter> fill)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            fill(json);
            json.WriteEndObject();
        }

        to.WriteLine(Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
