using System.Text;
using System.Text.Json;

namespace Keyferry.Cli.Report;

/// <summary>Where the reports of runs lie: <c>reports/RUN/</c> in the work directory, readable by its owner only.</summary>
internal static class ReportFolder
{
    private const UnixFileMode OwnerReadsAndWrites = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // For people and programs alike: indented, letters of all scripts readable.
    private static readonly ReportContext Readable = new(
        new JsonSerializerOptions(ReportContext.Default.Options)
        {
            WriteIndented = true,
            Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            TypeInfoResolver = null,
        }
    );

    /// <summary>Writes <c>report.json</c> and <c>report.html</c>; those of an earlier process of the same run are replaced.</summary>
    /// <param name="workDirectory">The work directory of the run.</param>
    /// <param name="file">What they say.</param>
    /// <returns>The path of <c>report.html</c>.</returns>
    /// <exception cref="IOException">They cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">They cannot be written.</exception>
    public static string Write(string workDirectory, JsonReportFile file)
    {
        var folder = Path.Combine(Path.GetFullPath(workDirectory), "reports", file.Report.Run ?? "run");
        _ = Directory.CreateDirectory(folder);
        Write(Path.Combine(folder, "report.json"), JsonSerializer.Serialize(file, Readable.JsonReportFile) + "\n");
        var page = Path.Combine(folder, "report.html");
        Write(page, ReportPage.Of(file));
        return page;
    }

    private static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerReadsAndWrites;
        }

        using var stream = new FileStream(path, options);
        stream.Write(Encoding.UTF8.GetBytes(text));
    }
}
