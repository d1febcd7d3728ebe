namespace Keyferry.Architecture;

/// <summary>That one file uses a type of another one, and the place where it first does.</summary>
/// <param name="From">The file that uses.</param>
/// <param name="To">A file that declares the used type.</param>
/// <param name="Type">The type used.</param>
/// <param name="Place"><c>path:line</c>.</param>
internal sealed record Reference(SourceFile From, SourceFile To, string Type, string Place);
