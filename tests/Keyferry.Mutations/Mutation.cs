namespace Keyferry.Mutations;

/// <summary>The engine with one thing taken out that keeps an invariant, and the test that must notice.</summary>
/// <param name="Invariant">The number of the invariant in <c>docs/invariants.md</c>.</param>
/// <param name="Name">What is wrong in the changed engine.</param>
/// <param name="File">The file below <c>src/Keyferry</c>.</param>
/// <param name="Text">What stands there, exactly once.</param>
/// <param name="Instead">What stands there in the changed engine.</param>
/// <param name="Test">The test that passes with the engine as it is and fails with the changed one.</param>
internal sealed record Mutation(int Invariant, string Name, string File, string Text, string Instead, NamedTest Test)
{
    /// <summary>Invariant and name, as the tests are called.</summary>
    public string Title => $"{Invariant:00} {Name}";

    /// <summary>The source with the change.</summary>
    /// <exception cref="InvalidOperationException">The text does not stand in the source, or more than once: the list is out of date.</exception>
    public string Apply(string source)
    {
        var at = source.IndexOf(Text, StringComparison.Ordinal);
        if (at < 0 || source.IndexOf(Text, at + 1, StringComparison.Ordinal) >= 0)
        {
            throw new InvalidOperationException(
                $"Mutation \"{Title}\": this stands {(at < 0 ? "nowhere" : "more than once")} in src/Keyferry/{File}; it must stand there once. "
                    + $"Whoever has changed the file finds what keeps the invariant now, and changes the list.\n{Text}"
            );
        }

        return $"{source[..at]}{Instead}{source[(at + Text.Length)..]}";
    }
}

/// <summary>A test of another test project.</summary>
/// <param name="Project">The project.</param>
/// <param name="Class">The class, without its namespace.</param>
/// <param name="Method">The method.</param>
internal sealed record NamedTest(string Project, string Class, string Method)
{
    /// <summary>A test of <c>Keyferry.Tests</c>.</summary>
    public static NamedTest Unit(string type, string method) => new("Keyferry.Tests", type, method);

    /// <summary>A test of <c>Keyferry.Simulation</c>.</summary>
    public static NamedTest Simulation(string type, string method) => new("Keyferry.Simulation", type, method);

    /// <summary>A test of <c>Keyferry.Integration</c>.</summary>
    public static NamedTest Integration(string type, string method) => new("Keyferry.Integration", type, method);

    /// <summary>A test of <c>Keyferry.Cli.Tests</c>.</summary>
    public static NamedTest Program(string type, string method) => new("Keyferry.Cli.Tests", type, method);

    /// <inheritdoc/>
    public override string ToString() => $"{Project}: {Class}.{Method}";
}
