using System.Globalization;
using System.Xml.Linq;

namespace Keyferry.Aws.Calls;

/// <summary>Reads the answers of the query protocol by the names of their elements; name spaces differ by service and say nothing.</summary>
internal static class XmlReading
{
    /// <summary>The first child of that name, or <see langword="null"/>.</summary>
    public static XElement? Child(this XElement element, string name) =>
        element.Elements().FirstOrDefault(child => child.Name.LocalName == name);

    /// <summary>The children of the child of that name: the items of a list.</summary>
    public static IEnumerable<XElement> Items(this XElement element, string name) => element.Child(name)?.Elements() ?? [];

    /// <summary>The text of the child of that name, or <see langword="null"/> where there is none.</summary>
    public static string? Text(this XElement element, string name) => element.Child(name)?.Value;

    /// <summary>The same for a child that every answer has; an empty text where this one has not.</summary>
    public static string Required(this XElement element, string name) => element.Text(name) ?? "";

    /// <summary>Whether the child says <c>true</c>.</summary>
    public static bool Flag(this XElement element, string name) =>
        string.Equals(element.Text(name), "true", StringComparison.OrdinalIgnoreCase);

    /// <summary>The child's number, or 0.</summary>
    public static int Number(this XElement element, string name) =>
        int.TryParse(element.Text(name), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? value : 0;

    /// <summary>The child's time, or <see langword="null"/>.</summary>
    public static DateTimeOffset? Time(this XElement element, string name) =>
        DateTimeOffset.TryParse(element.Text(name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var value)
            ? value
            : null;
}
