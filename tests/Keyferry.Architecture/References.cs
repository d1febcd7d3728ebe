using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Keyferry.Architecture;

/// <summary>Finds out which file uses types of which, with the compiler's own resolution of names.</summary>
/// <remarks>
/// All sources are one compilation against the libraries beside this test, so a type counts however it is written: by its name,
/// through <c>var</c>, through a member called on it, through an extension method or in a documentation comment. Generated code
/// is missing; the compiler's complaints about that are expected, those about an unknown type are not
/// (<see cref="UnknownTypes"/>).
/// </remarks>
internal sealed class References
{
    private const string GlobalUsings = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Net.Http;
        global using System.Threading;
        global using System.Threading.Tasks;
        """;

    private static readonly Lazy<IReadOnlyList<MetadataReference>> _libraries = new(FindLibraries);
    private readonly CSharpCompilation _compilation;
    private readonly Dictionary<SyntaxTree, SourceFile> _files;

    private References(IReadOnlyList<SourceFile> files)
    {
        _files = files.ToDictionary(static file => file.Tree);
        var usings = SourceFile.Parse("GlobalUsings.cs", GlobalUsings);
        var options = new CSharpCompilationOptions(OutputKind.ConsoleApplication, nullableContextOptions: NullableContextOptions.Enable);
        _compilation = CSharpCompilation.Create("Sources", [usings.Tree, .. _files.Keys], _libraries.Value, options);
        All = [.. _files.Values.SelectMany(In)];
    }

    /// <summary>One reference for each pair of files.</summary>
    public IReadOnlyList<Reference> All { get; }

    public static References Among(IReadOnlyList<SourceFile> files) => new(files);

    /// <summary>Names that did not resolve; where there are any, edges may have been missed.</summary>
    public IEnumerable<string> UnknownTypes() =>
        _compilation
            .GetDiagnostics(TestContext.Current.CancellationToken)
            .Where(static said => said.Id is "CS0246" or "CS0234")
            .Select(static said => said.ToString());

    /// <summary>The files of each type that is spread over several.</summary>
    public IEnumerable<IReadOnlyList<SourceFile>> PartsOfTypes() =>
        from file in _files.Values
        from declaration in file.Root.DescendantNodes().OfType<BaseTypeDeclarationSyntax>()
        let type = Model(file).GetDeclaredSymbol(declaration, TestContext.Current.CancellationToken)
        where type is { DeclaringSyntaxReferences.Length: > 1 }
        select DeclaringFiles(type).ToList();

    private static IReadOnlyList<MetadataReference> FindLibraries() =>
        [
            .. ((string?)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") ?? "")
                .Split(Path.PathSeparator)
                .Where(static path => Path.GetFileNameWithoutExtension(path) is not ("Keyferry" or "Keyferry.Aws" or "Keyferry.Cli"))
                .Select(static path => MetadataReference.CreateFromFile(path)),
        ];

    private SemanticModel Model(SourceFile file) => _compilation.GetSemanticModel(file.Tree);

    private IEnumerable<Reference> In(SourceFile file)
    {
        var model = Model(file);
        var seen = new HashSet<SourceFile>();
        foreach (var node in file.Root.DescendantNodes(descendIntoTrivia: true))
        {
            if (node is not (SimpleNameSyntax or BaseObjectCreationExpressionSyntax))
            {
                continue;
            }

            var type = TypeOf(model.GetSymbolInfo(node, TestContext.Current.CancellationToken));
            foreach (var other in DeclaringFiles(type))
            {
                if (other != file && seen.Add(other))
                {
                    yield return new Reference(file, other, type?.Name ?? "", file.At(node.GetLocation()));
                }
            }
        }
    }

    private static INamedTypeSymbol? TypeOf(SymbolInfo found) =>
        (found.Symbol ?? found.CandidateSymbols.FirstOrDefault()) switch
        {
            INamedTypeSymbol type => type,
            IMethodSymbol { ReducedFrom: { } extension } => extension.ContainingType,
            IMethodSymbol or IPropertySymbol or IFieldSymbol or IEventSymbol => found.Symbol?.ContainingType
                ?? found.CandidateSymbols[0].ContainingType,
            _ => null,
        };

    private IEnumerable<SourceFile> DeclaringFiles(INamedTypeSymbol? type) =>
        (type?.OriginalDefinition.DeclaringSyntaxReferences ?? [])
            .Select(place => _files.GetValueOrDefault(place.SyntaxTree))
            .OfType<SourceFile>()
            .Distinct();
}
