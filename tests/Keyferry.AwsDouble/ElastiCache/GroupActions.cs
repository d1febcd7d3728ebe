using System.Text.RegularExpressions;
using System.Xml.Linq;
using Keyferry.AwsDouble.Caches;
using Keyferry.AwsDouble.Wire;

namespace Keyferry.AwsDouble.ElastiCache;

/// <summary>Parameter groups.</summary>
internal sealed class GroupActions(CacheWorld world)
{
    private const int MostValues = 20;

    public void AddTo(Dictionary<string, Func<Question, Task<object?>>> actions)
    {
        actions["DescribeCacheParameterGroups"] = question => Task.FromResult(DescribeGroups(question));
        actions["DescribeCacheParameters"] = question => Task.FromResult(DescribeParameters(question));
        actions["CreateCacheParameterGroup"] = question => Task.FromResult(Create(question));
        actions["ModifyCacheParameterGroup"] = question => Task.FromResult(Modify(question));
        actions["ResetCacheParameterGroup"] = question => Task.FromResult(Reset(question));
        actions["DeleteCacheParameterGroup"] = question => Task.FromResult(Delete(question));
    }

    private object? DescribeGroups(Question question)
    {
        var name = question.Get("CacheParameterGroupName");
        var found = name is null ? world.Groups.Values : (IEnumerable<GroupState>)[world.Group(name)];
        return Pages.Of(question, "CacheParameterGroups", [.. found.Select(Describe)]);
    }

    private object? DescribeParameters(Question question)
    {
        var group = world.Group(question.Need("CacheParameterGroupName"));
        var source = question.Get("Source");
        var items = ParameterCatalog.All.Select(kind => (kind, IsUser: group.Values.ContainsKey(kind.Name)));
        return Pages.Of(
            question,
            "Parameters",
            [
                .. items
                    .Where(one => source is null || (source == "user") == one.IsUser)
                    .Select(one => Parameter(group, one.kind, one.IsUser)),
            ]
        );
    }

    private object? Create(Question question)
    {
        var (name, family, description) = (
            question.Need("CacheParameterGroupName"),
            question.Need("CacheParameterGroupFamily"),
            question.Need("Description")
        );
        _ = question.Structures("Tags", "Tag");
        question.NothingElse();
        if (!Regex.IsMatch(name, "^[A-Za-z](?:-?[A-Za-z0-9])*$", RegexOptions.None, TimeSpan.FromSeconds(1)) || name.Length > 255)
        {
            throw RefusalException.Value($"The parameter CacheParameterGroupName is not a valid identifier: {name}");
        }

        if (!ParameterCatalog.Families.Contains(family))
        {
            throw RefusalException.Value($"CacheParameterGroupFamily {family} is not a valid parameter group family.");
        }

        name = name.ToLowerInvariant();
        if (world.Groups.ContainsKey(name))
        {
            throw new RefusalException("CacheParameterGroupAlreadyExists", $"Cache parameter group {name} already exists.");
        }

        var group = world.Groups[name] = new GroupState(name, family, description);
        return Describe(group);
    }

    private object? Modify(Question question)
    {
        var group = Changeable(question);
        var values = question.Structures("ParameterNameValues", "ParameterNameValue");
        question.NothingElse();
        if (values.Count is 0 or > MostValues)
        {
            throw RefusalException.Value($"Between 1 and {MostValues} parameters can be modified in one call, not {values.Count}.");
        }

        foreach (var value in values)
        {
            ParameterCatalog.Find(value["ParameterName"]).Check(value.GetValueOrDefault("ParameterValue", ""));
        }

        foreach (var value in values)
        {
            group.Values[value["ParameterName"]] = value.GetValueOrDefault("ParameterValue", "");
            world.Tell(
                group.Name,
                "cache-parameter-group",
                $"Updated parameter {value["ParameterName"]} to {value.GetValueOrDefault("ParameterValue", "")}"
            );
        }

        world.ApplyLater(group, [.. world.UsersOf(group.Name)]);
        return new XElement("CacheParameterGroupName", group.Name);
    }

    private object? Reset(Question question)
    {
        var group = Changeable(question);
        var all = question.Flag("ResetAllParameters");
        var values = question.Structures("ParameterNameValues", "ParameterNameValue");
        question.NothingElse();
        if (all)
        {
            group.Values.Clear();
        }

        foreach (var value in values)
        {
            _ = ParameterCatalog.Find(value["ParameterName"]);
            _ = group.Values.Remove(value["ParameterName"]);
        }

        world.ApplyLater(group, [.. world.UsersOf(group.Name)]);
        return new XElement("CacheParameterGroupName", group.Name);
    }

    private object? Delete(Question question)
    {
        var group = Changeable(question);
        question.NothingElse();
        if (world.UsersOf(group.Name).Any())
        {
            throw new RefusalException(
                "InvalidCacheParameterGroupState",
                $"One or more cache clusters are still members of this parameter group {group.Name}."
            );
        }

        _ = world.Groups.Remove(group.Name);
        return null;
    }

    private GroupState Changeable(Question question)
    {
        var group = world.Group(question.Need("CacheParameterGroupName"));
        return group.IsDefault
            ? throw new RefusalException(
                "InvalidCacheParameterGroupState",
                $"The parameter group {group.Name} is a default parameter group and cannot be changed."
            )
            : group;
    }

    private static XElement Parameter(GroupState group, ParameterKind kind, bool isUser) =>
        new(
            "Parameter",
            new XElement("ParameterName", kind.Name),
            new XElement("ParameterValue", group.ValueOf(kind)),
            new XElement("Description", $"The double's {kind.Name}"),
            new XElement("Source", isUser ? "user" : "system"),
            new XElement("DataType", kind.Type),
            new XElement("AllowedValues", kind.Allowed),
            new XElement("IsModifiable", kind.IsModifiable ? "true" : "false"),
            new XElement("MinimumEngineVersion", "2.8.6"),
            new XElement("ChangeType", kind.NeedsReboot ? "requires-reboot" : "immediate")
        );

    private static XElement Describe(GroupState group) =>
        new(
            "CacheParameterGroup",
            new XElement("CacheParameterGroupName", group.Name),
            new XElement("CacheParameterGroupFamily", group.Family),
            new XElement("Description", group.Description),
            new XElement("IsGlobal", group.IsGlobal ? "true" : "false"),
            new XElement("ARN", $"arn:aws:elasticache:{AwsServer.Region}:{AwsServer.Account}:parametergroup:{group.Name}")
        );
}
