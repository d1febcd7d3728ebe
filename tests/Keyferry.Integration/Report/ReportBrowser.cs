using PuppeteerSharp;

namespace Keyferry.Integration.Report;

/// <summary>The machine's chromium, without a network.</summary>
internal static class ReportBrowser
{
    /// <summary>Starts it.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    public static Task<IBrowser> LaunchAsync() =>
        Puppeteer.LaunchAsync(
            new LaunchOptions
            {
                ExecutablePath = Executable(),
                Headless = true,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"],
            }
        );

    private static string Executable() =>
        ((string[])["chromium", "chromium-browser", "google-chrome"])
            .SelectMany(static name =>
                (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, name))
            )
            .FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException("No chromium in PATH. Run ./test --all, which installs it, or: apt-get install chromium.");
}
