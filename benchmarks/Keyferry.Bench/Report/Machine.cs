using System.Globalization;
using System.Runtime.InteropServices;
using Keyferry.Bench.Running;

namespace Keyferry.Bench.Report;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    public static async Task<Dictionary<string, string>> DescribeAsync(Server server) =>
        new(StringComparer.Ordinal)
        {
            ["processor"] = $"{Environment.ProcessorCount} × {Field("/proc/cpuinfo", "model name") ?? "?"}",
            ["memory"] = $"{Kibibytes("/proc/meminfo", "MemTotal") / 1048576.0:0.#} GiB",
            ["system"] = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.OSArchitecture}",
            ["servers"] = $"Redis {await server.InfoAsync("server", "redis_version")}, both on this machine, over loopback, no persistence",
            ["runtime"] = RuntimeInformation.FrameworkDescription,
        };

    /// <summary>The load average over the last minute.</summary>
    public static double LoadNow() => double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture);

    private static double Kibibytes(string file, string name) =>
        double.Parse(Field(file, name)?.Split(' ')[0] ?? "0", CultureInfo.InvariantCulture);

    private static string? Field(string file, string name) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
