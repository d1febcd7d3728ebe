using System.Diagnostics;

namespace Keyferry.Bench.Running;

/// <summary>Takes what a piece of work costs the tool and both servers, between its beginning and its end.</summary>
internal sealed class Meter
{
    private readonly Server _source;
    private readonly Server _target;
    private readonly double _sent;
    private readonly double _received;
    private readonly double _toolCpu;
    private readonly double _sourceCpu;
    private readonly double _targetCpu;
    private readonly long _began;

    private Meter(Server source, Server target, Watched? tool, double sent, double received)
    {
        (_source, _target, _sent, _received) = (source, target, sent, received);
        (_toolCpu, _sourceCpu, _targetCpu) = (tool?.CpuSeconds ?? 0, source.CpuSeconds, target.CpuSeconds);
        _began = Stopwatch.GetTimestamp();
    }

    /// <param name="source">The source.</param>
    /// <param name="target">The target.</param>
    /// <param name="tool">A tool that runs already; null where there is none, or it is started by the work itself.</param>
    public static async Task<Meter> BeginAsync(Server source, Server target, Watched? tool = null) =>
        new(source, target, tool, (await source.NetworkAsync()).Sent, (await target.NetworkAsync()).Received);

    /// <summary>The figures so far.</summary>
    /// <param name="tool">The tool, where there is one.</param>
    public async Task<Figures> EndAsync(Watched? tool)
    {
        var figures = new Figures { ["seconds"] = Stopwatch.GetElapsedTime(_began).TotalSeconds };
        if (tool is not null)
        {
            figures["tool CPU s"] = tool.CpuSeconds - _toolCpu;
            figures["tool peak MiB"] = tool.PeakMebibytes;
        }

        figures["source CPU s"] = _source.CpuSeconds - _sourceCpu;
        figures["target CPU s"] = _target.CpuSeconds - _targetCpu;
        figures["MB from source"] = ((await _source.NetworkAsync()).Sent - _sent) / 1e6;
        figures["MB to target"] = ((await _target.NetworkAsync()).Received - _received) / 1e6;
        return figures;
    }
}

/// <summary>Named figures of one run.</summary>
internal sealed class Figures : Dictionary<string, double>
{
    public Figures()
        : base(StringComparer.Ordinal) { }
}
