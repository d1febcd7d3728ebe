using System.Net;
using System.Text;
using System.Text.Json;

namespace Keyferry.Cli.Report;

/// <summary>Puts <c>report.html</c> together: one file that needs nothing else, neither a network nor a server.</summary>
/// <remarks>Charts are drawn by uPlot (MIT), which is part of the page.</remarks>
internal static class ReportPage
{
    /// <summary>The page for one run.</summary>
    public static string Of(JsonReportFile file)
    {
        var data = JsonSerializer.Serialize(file, ReportContext.Default.JsonReportFile);
        var page = new StringBuilder(Part("report.html"));
        // In this order: nothing that comes from a run is looked through for the marks of a later step.
        return page.Replace("<!--style-->", $"<style>{Part("uplot.uPlot.min.css")}{Part("report.css")}</style>")
            .Replace("<!--script-->", $"<script>{Part("uplot.uPlot.iife.min.js")}</script><script>{Part("report.js")}</script>")
            .Replace("<!--title-->", WebUtility.HtmlEncode($"Keyferry: run {file.Report.Run}, {file.Report.Verdict}"))
            .Replace("<!--data-->", data)
            .ToString();
    }

    private static string Part(string name)
    {
        using var stream =
            typeof(ReportPage).Assembly.GetManifestResourceStream($"Keyferry.Cli.Report.page.{name}")
            ?? throw new InvalidOperationException($"{name} is not part of the program");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
