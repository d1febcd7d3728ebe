using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>ElastiCache: which actions there are, and what they are on.</summary>
internal sealed class ElastiCacheService : IService
{
    private static readonly (string Parameter, string Kind)[] Resources =
    [
        ("ReplicationGroupId", "replicationgroup"),
        ("CacheClusterId", "cluster"),
        ("ServerlessCacheName", "serverlesscache"),
        ("CacheParameterGroupName", "parametergroup"),
        ("CacheSubnetGroupName", "subnetgroup"),
        ("UserGroupId", "usergroup"),
    ];

    /// <param name="world">What there is in the double's region.</param>
    /// <param name="elsewhere">What there is in every other: AWS's own parameter groups, and nothing that anybody has made.</param>
    public ElastiCacheService(CacheWorld world, CacheWorld elsewhere)
    {
        var (here, there) = (Of(world), Of(elsewhere));
        Actions = here.Keys.ToDictionary(
            static name => name,
            name => new Func<Question, Task<object?>>(question =>
                question.Region == AwsServer.Region ? here[name](question)
                : name.StartsWith("Describe", StringComparison.Ordinal) ? there[name](question)
                : throw new RefusalException("InvalidParameterValue", $"This stand-in makes and changes caches in {AwsServer.Region} only.")
            ),
            StringComparer.Ordinal
        );
    }

    private static Dictionary<string, Func<Question, Task<object?>>> Of(CacheWorld world)
    {
        var actions = new Dictionary<string, Func<Question, Task<object?>>>(StringComparer.Ordinal);
        new GroupActions(world).AddTo(actions);
        new CacheActions(world).AddTo(actions);
        new CreateActions(world).AddTo(actions);
        new LookUpActions(world).AddTo(actions);
        return actions;
    }

    public XNamespace Space => "http://elasticache.amazonaws.com/doc/2015-02-02/";

    public IReadOnlyDictionary<string, Func<Question, Task<object?>>> Actions { get; }

    // A cache that is given a group: the call must be allowed on both.
    public IEnumerable<string> ResourcesOf(Question question)
    {
        var named = Resources.Where(one => question.Parameters.ContainsKey(one.Parameter)).ToList();
        return named.Count == 0
            ? [Arn(question, "cluster", "*")]
            : named.Select(one => Arn(question, one.Kind, question.Parameters[one.Parameter]));
    }

    private static string Arn(Question question, string kind, string name) =>
        $"arn:aws:elasticache:{question.Region}:{AwsServer.Account}:{kind}:{name}";
}
