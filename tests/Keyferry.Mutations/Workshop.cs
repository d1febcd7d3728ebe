using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;

namespace Keyferry.Mutations;

/// <summary>Compiles the engine with a change and runs tests with it, in a scratch folder; the sources and what was built of them stay as they are.</summary>
/// <remarks>A test program takes any engine that lies beside it, so that only the engine is compiled anew, in this process: a few seconds for each change.</remarks>
public sealed class Workshop : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly DirectoryInfo _scratch = Directory.CreateTempSubdirectory("keyferry-mutations-");
    private readonly string _root = FindRoot();
    private readonly DirectoryInfo _configuration = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
    private readonly Dictionary<NamedTest, TestResult> _unchanged = [];
    private readonly Lazy<CSharpCompilation> _engine;

    public Workshop() => _engine = new Lazy<CSharpCompilation>(Parse);

    /// <summary>The text of a file below the root of the repository.</summary>
    internal string Read(string path) => File.ReadAllText(Path.Combine(_root, path));

    /// <summary>Runs a test with the engine as it is; the second time the answer is known.</summary>
    internal TestResult RunUnchanged(NamedTest test)
    {
        if (!_unchanged.TryGetValue(test, out var result))
        {
            result = Run(test, _engine.Value);
            _unchanged[test] = result;
        }

        return result;
    }

    /// <summary>Runs the test of a mutation with the changed engine.</summary>
    /// <exception cref="InvalidOperationException">The list is out of date, or the changed engine does not compile.</exception>
    internal TestResult RunChanged(Mutation mutation)
    {
        var path = Path.Combine(_root, "src", "Keyferry", mutation.File);
        var tree =
            _engine.Value.SyntaxTrees.FirstOrDefault(tree => tree.FilePath == path)
            ?? throw new InvalidOperationException($"Mutation \"{mutation.Title}\": there is no src/Keyferry/{mutation.File}.");
        var text = SourceText.From(mutation.Apply(tree.GetText().ToString()), System.Text.Encoding.UTF8);
        return Run(mutation.Test, _engine.Value.ReplaceSyntaxTree(tree, tree.WithChangedText(text)));
    }

    /// <inheritdoc/>
    public void Dispose() => _scratch.Delete(recursive: true);

    private TestResult Run(NamedTest test, CSharpCompilation engine)
    {
        var folder = FolderOf(test.Project);
        var compiled = engine.Emit(Path.Combine(folder, "Keyferry.dll"));
        if (!compiled.Success)
        {
            var errors = compiled.Diagnostics.Where(static one => one.Severity == DiagnosticSeverity.Error);
            throw new InvalidOperationException($"The changed engine does not compile: {string.Join('\n', errors)}");
        }

        var start = new ProcessStartInfo(Path.Combine(folder, test.Project))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        // Fewer than in a usual test run: what it takes more to notice would not be noticed for certain there.
        start.Environment["KEYFERRY_SEEDS"] = "60";
        start.Environment["KEYFERRY_FAILURES"] = "1";
        foreach (var argument in (string[])["-noLogo", "-noColor", "-method", $"*.{test.Class}.{test.Method}"])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} could not be started.");
        var output = process.StandardOutput.ReadToEndAsync();
        var errorOutput = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }

        return TestResult.Of($"{output.GetAwaiter().GetResult()}\n{errorOutput.GetAwaiter().GetResult()}");
    }

    /// <summary>A copy of what was built of a test project.</summary>
    private string FolderOf(string project)
    {
        var copy = Path.Combine(_scratch.FullName, project);
        var built = Built("bin", project);
        if (!Directory.Exists(copy))
        {
            foreach (var file in Directory.EnumerateFiles(built, "*", SearchOption.AllDirectories))
            {
                var to = Path.Combine(copy, Path.GetRelativePath(built, file));
                _ = Directory.CreateDirectory(Path.GetDirectoryName(to) ?? copy);
                File.Copy(file, to);
            }
        }

        return copy;
    }

    /// <summary>The folder of another project beside the one of this, of the same configuration.</summary>
    private string Built(string kind, string project) => Path.Combine(_root, "artifacts", kind, project, _configuration.Name);

    private CSharpCompilation Parse()
    {
        var options = new CSharpParseOptions(LanguageVersion.CSharp14);
        var files = Directory
            .EnumerateFiles(Path.Combine(_root, "src", "Keyferry"), "*.cs", SearchOption.AllDirectories)
            // What the build adds: the attributes of the assembly and the usual usings.
            .Concat(Directory.EnumerateFiles(Built("obj", "Keyferry"), "Keyferry.*.cs"));
        var framework = Directory.EnumerateFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll").ToList();
        var known = framework.Select(Path.GetFileName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        // The unit tests use little beside the engine, so that what lies beside them is what the engine uses.
        var packages = Directory
            .EnumerateFiles(Built("bin", "Keyferry.Tests"), "*.dll")
            .Where(file =>
                Path.GetFileName(file) is var name && !known.Contains(name) && !name.StartsWith("Keyferry", StringComparison.Ordinal)
            );
        var engine = CSharpCompilation.Create(
            "Keyferry",
            files.Select(file =>
                CSharpSyntaxTree.ParseText(SourceText.From(File.ReadAllText(file), System.Text.Encoding.UTF8), options, file)
            ),
            framework.Concat(packages).Select(static file => MetadataReference.CreateFromFile(file)),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                nullableContextOptions: NullableContextOptions.Enable
            )
        );
        return Generate(engine, options);
    }

    /// <summary>Adds what the generators of the SDK make of the engine (JSON without reflection).</summary>
    private static CSharpCompilation Generate(CSharpCompilation engine, CSharpParseOptions options)
    {
        var sdk = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        var generators = Directory
            .EnumerateFiles(Path.Combine(sdk, "packs", "Microsoft.NETCore.App.Ref"), "System.*.dll", SearchOption.AllDirectories)
            .Where(static file => file.Contains($"analyzers{Path.DirectorySeparatorChar}dotnet", StringComparison.Ordinal))
            .Where(static file => !file.EndsWith(".resources.dll", StringComparison.Ordinal))
            .SelectMany(static file => new AnalyzerFileReference(file, new GeneratorLoader()).GetGenerators(LanguageNames.CSharp));
        _ = CSharpGeneratorDriver
            .Create(generators, parseOptions: options)
            .RunGeneratorsAndUpdateCompilation(engine, out var complete, out _);
        return (CSharpCompilation)complete;
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Keyferry.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Keyferry.slnx above {AppContext.BaseDirectory}.");
    }

    /// <summary>Loads a generator as any assembly is loaded.</summary>
    private sealed class GeneratorLoader : IAnalyzerAssemblyLoader
    {
        public void AddDependencyLocation(string fullPath)
        {
            // They need nothing but the compiler, which is loaded.
        }

        public Assembly LoadFromPath(string fullPath) => Assembly.LoadFrom(fullPath);
    }

    /// <summary>How a test program ended.</summary>
    /// <param name="Total">Tests that ran; 0 where the program did not come to its summary.</param>
    /// <param name="Failed">Tests that failed.</param>
    /// <param name="Output">What it printed.</param>
    internal sealed record TestResult(int Total, int Failed, string Output)
    {
        /// <summary>Reads the summary of the test runner: <c>Total: 1, Errors: 0, Failed: 1, Skipped: 0, ...</c></summary>
        public static TestResult Of(string output)
        {
            var summary = output.Split('\n').LastOrDefault(static line => line.Contains("Total: ", StringComparison.Ordinal)) ?? "";
            return Number(summary, "Errors: ") == 0 && Number(summary, "Skipped: ") == 0
                ? new TestResult(Number(summary, "Total: "), Number(summary, "Failed: "), output)
                : new TestResult(0, 0, output);
        }

        private static int Number(string summary, string name)
        {
            var begin = summary.IndexOf(name, StringComparison.Ordinal);
            var digits = begin < 0 ? "" : string.Concat(summary.Skip(begin + name.Length).TakeWhile(char.IsDigit));
            return int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        }
    }
}
