using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using Keyferry.Model;

namespace Keyferry.Aws.Calls;

/// <summary>A service that speaks the query protocol: a form goes there, XML comes back.</summary>
/// <param name="caller">Signs and sends.</param>
/// <param name="service">Such as <c>elasticache</c>.</param>
/// <param name="version">The version of its interface, a date.</param>
internal sealed class QueryClient(AwsCaller caller, string service, string version)
{
    /// <summary>Makes one call.</summary>
    /// <param name="action">Such as <c>DescribeCacheClusters</c>.</param>
    /// <param name="parameters">Names and values; those without a value are left out.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The result: the element that holds what was asked for.</returns>
    /// <exception cref="AwsException">The service refused.</exception>
    /// <exception cref="KeyferryException">It cannot be reached, or what it said is no answer.</exception>
    public async ValueTask<XElement> CallAsync(string action, IEnumerable<KeyValuePair<string, string?>> parameters, CancellationToken stop)
    {
        var call = new AwsCall(service, action);
        var fields = parameters.Where(static one => one.Value is not null).Select(static one => Field(one.Key, one.Value ?? ""));
        var body = string.Join('&', fields.Prepend(Field("Version", version)).Prepend(Field("Action", action)));
        var text = await caller.PostAsync(call, AwsCaller.Form, null, body, ReadError, stop);
        if (Parse(text) is not { } root)
        {
            throw new KeyferryException(
                FailureKind.Failed,
                $"What answers as {service} speaks no XML ({call}).",
                "Check the endpoint: --endpoint-url, AWS_ENDPOINT_URL, or a proxy in between."
            );
        }

        return root.Child($"{action}Result") ?? root;
    }

    /// <summary>Makes one call and hands out the items of a list, page after page.</summary>
    /// <param name="action">Such as <c>DescribeCacheClusters</c>.</param>
    /// <param name="list">The element that holds the items.</param>
    /// <param name="marker">The names of the mark that leads to the next page, in the answer and in the question.</param>
    /// <param name="parameters">Names and values.</param>
    /// <param name="stop">Gives up.</param>
    public async ValueTask<List<XElement>> ListAsync(
        string action,
        string list,
        string marker,
        IReadOnlyCollection<KeyValuePair<string, string?>> parameters,
        CancellationToken stop
    )
    {
        var items = new List<XElement>();
        for (string? mark = null; ; )
        {
            var page = await CallAsync(action, [.. parameters, new(marker, mark)], stop);
            items.AddRange(page.Child(list)?.Elements() ?? []);
            mark = page.Text(marker) is { Length: > 0 } next ? next : null;
            if (mark is null)
            {
                return items;
            }
        }
    }

    /// <summary>Parameters of a list: <c>Name.Item.1</c>, <c>Name.Item.2</c>, ...</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Items(string prefix, IEnumerable<string> values) =>
        values.Select(
            (value, index) => new KeyValuePair<string, string?>(string.Create(CultureInfo.InvariantCulture, $"{prefix}.{index + 1}"), value)
        );

    private static string Field(string name, string value) => $"{SignatureV4.Encode(name)}={SignatureV4.Encode(value)}";

    private static XElement? Parse(string text)
    {
        try
        {
            return XDocument.Parse(text).Root;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static (string Code, string Message) ReadError(string text)
    {
        // EC2 wraps its errors once more, in <Response><Errors>.
        var root = Parse(text);
        var error = root?.Child("Error") ?? root?.Child("Errors")?.Child("Error");
        return (error?.Text("Code") ?? "", error?.Text("Message") ?? "");
    }
}
