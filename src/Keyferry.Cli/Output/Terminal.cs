namespace Keyferry.Cli.Output;

/// <summary>A terminal that understands cursor movement.</summary>
/// <param name="Colors">Whether colours are wanted (<c>NO_COLOR</c> is honoured).</param>
/// <param name="Size">Columns and lines at this moment.</param>
internal sealed record Terminal(bool Colors, Func<(int Columns, int Lines)> Size)
{
    /// <summary>The terminal of an output of this process, or <see langword="null"/> where it is redirected or cannot move its cursor.</summary>
    public static Terminal? Detect(bool redirected, Func<string, string?> variable)
    {
        if (redirected || variable("TERM") is null or "" or "dumb")
        {
            return OperatingSystem.IsWindows() && !redirected ? new Terminal(Colors: true, Measure) : null;
        }

        return new Terminal(string.IsNullOrEmpty(variable("NO_COLOR")), Measure);
    }

    private static (int Columns, int Lines) Measure()
    {
        try
        {
            var (columns, lines) = (Console.WindowWidth, Console.WindowHeight);
            return columns > 0 && lines > 0 ? (columns, lines) : (80, 24);
        }
        catch (IOException)
        {
            // A terminal without a size (a serial line): the classic one.
            return (80, 24);
        }
    }
}
