using Keyferry.Doctor;

namespace Keyferry.Cli.Output;

/// <summary>A diagnosis for programs: one object on one line.</summary>
internal static class DoctorJson
{
    /// <summary><c>keyferry doctor --json</c></summary>
    public static void Write(TextWriter to, Diagnosis diagnosis) =>
        JsonAnswer.Write(
            to,
            json =>
            {
                json.WriteString("conclusion", DoctorText.Conclusion(diagnosis).ToLowerInvariant().Replace(' ', '-'));
                json.WriteStartArray("findings");
                foreach (var finding in diagnosis.Findings)
                {
                    json.WriteStartObject();
                    json.WriteString("code", finding.Code);
                    json.WriteString("level", JsonMapping.Word(finding.Level));
                    json.WriteString("side", JsonMapping.Word(finding.Side));
                    json.WriteString("saw", finding.Saw);
                    json.WriteString("means", finding.Means);
                    json.WriteString("remedy", finding.Remedy);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }
        );
}
