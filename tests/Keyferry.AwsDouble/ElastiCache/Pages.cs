using System.Globalization;
using System.Xml.Linq;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>Answers lists a page at a time, as ElastiCache does.</summary>
internal static class Pages
{
    /// <summary>The page that was asked for, in <paramref name="list"/>, with the mark of the next one.</summary>
    public static object[] Of(Question question, string list, IReadOnlyList<XElement> items)
    {
        var most = question.Number("MaxRecords") ?? 100;
        if (most is < 20 or > 100)
        {
            throw RefusalException.Value("MaxRecords must be between 20 and 100");
        }

        var from = question.Get("Marker") is { Length: > 0 } mark ? int.Parse(mark, CultureInfo.InvariantCulture) : 0;
        question.NothingElse();
        var next = from + most < items.Count ? new XElement("Marker", from + most) : null;
        return next is null ? [new XElement(list, items.Skip(from).Take(most))] : [new XElement(list, items.Skip(from).Take(most)), next];
    }
}
