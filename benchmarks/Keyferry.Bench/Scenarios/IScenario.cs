using Keyferry.Bench.Report;

namespace Keyferry.Bench.Scenarios;

/// <summary>A piece of a migration that is measured by itself.</summary>
internal interface IScenario
{
    /// <summary>Its name on the command line, and of its section.</summary>
    string Name { get; }

    /// <summary>Measures, and returns the sections that it fills, by name.</summary>
    Task<IReadOnlyDictionary<string, Section>> RunAsync(Suite suite, CancellationToken stop);
}
