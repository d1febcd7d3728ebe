using System.Globalization;

namespace Keyferry.Bench.Running;

/// <summary>What the kernel has counted for a process, from <c>/proc</c>.</summary>
internal static class ProcessFigures
{
    /// <summary>The kernel's unit for processor time in <c>/proc</c>: a hundredth of a second on every Linux.</summary>
    private const double TicksPerSecond = 100;

    /// <summary>Processor seconds so far, in user and kernel mode, those of its ended children included (a server that forks); null where it is gone.</summary>
    public static double? CpuSeconds(int pid)
    {
        if (Read($"/proc/{pid}/stat") is not { } stat)
        {
            return null;
        }

        // The name may hold blanks and brackets; the fields after its closing bracket begin with the third.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..15].Sum(static ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    /// <summary>The most resident memory so far, in bytes; null where it is gone.</summary>
    public static long? PeakBytes(int pid)
    {
        var line = Read($"/proc/{pid}/status")
            ?.Split('\n')
            .FirstOrDefault(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]) * 1024;
    }

    private static string? Read(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (IOException)
        {
            // The process ended between two looks, or while it was looked at.
            return null;
        }
    }
}
