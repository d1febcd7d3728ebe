using System.Xml.Linq;

namespace Keyferry.AwsDouble.Wire;

/// <summary>A service of the query protocol.</summary>
internal interface IService
{
    /// <summary>The name space of its answers.</summary>
    XNamespace Space { get; }

    /// <summary>The actions it knows. Each yields the content of its result.</summary>
    IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; }

    /// <summary>The resources that a call is on, as policies name them: it must be allowed on each.</summary>
    IEnumerable<string> ResourcesOf(Question question);
}
