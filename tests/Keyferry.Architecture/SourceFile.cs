using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace Keyferry.Architecture;

/// <summary>One parsed source file and the place it has in the layout.</summary>
/// <param name="Path">Relative to the root of the repository, with forward slashes.</param>
/// <param name="Tree">Parsed with documentation comments, since a <c>cref</c> is a reference too.</param>
internal sealed record SourceFile(string Path, SyntaxTree Tree)
{
    private static readonly CSharpParseOptions _parsing = new(LanguageVersion.CSharp14, DocumentationMode.Parse);

    /// <summary>The folder of the engine it lies in, <c>Cli</c> for the program, <c>Aws</c> for what knows AWS, or an empty text directly under the engine's root.</summary>
    public string Folder =>
        Path.Split('/') switch
        {
            ["src", "Keyferry.Cli", ..] => "Cli",
            ["src", "Keyferry.Aws", ..] => "Aws",
            ["src", "Keyferry", var folder, _, ..] => folder,
            _ => "",
        };

    public SyntaxNode Root => Tree.GetRoot(TestContext.Current.CancellationToken);

    public int LineCount
    {
        get
        {
            var text = Tree.GetText(TestContext.Current.CancellationToken);
            return text.Lines.Count - (text.Lines[^1].Span.IsEmpty ? 1 : 0);
        }
    }

    public static SourceFile Parse(string path, string text) =>
        new(path, CSharpSyntaxTree.ParseText(SourceText.From(text), _parsing, path));

    /// <summary><c>path:line</c> of a node, counted from 1.</summary>
    public string At(Location place) => $"{Path}:{place.GetLineSpan().StartLinePosition.Line + 1}";
}
