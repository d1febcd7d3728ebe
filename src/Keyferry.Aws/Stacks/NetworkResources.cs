using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>Where the task runs: found out from the cache's id, and let in at the cache by one rule.</summary>
internal static class NetworkResources
{
    /// <summary>Looks up VPC, subnet, security group and port of the cache. It has no right to change anything, and on deletion does nothing.</summary>
    private const string LookUp = """
        import boto3, cfnresponse
        def port(id, status, at):
            if not at:
                raise Exception(f'{id} is {status} and has no endpoint yet; wait until it is available')
            return at['Port']
        def node(ec, c):
            g = ec.describe_cache_subnet_groups(CacheSubnetGroupName=c['CacheSubnetGroupName'])['CacheSubnetGroups'][0]
            return g['VpcId'], g['Subnets'][0]['SubnetIdentifier'], c['SecurityGroups'][0]['SecurityGroupId']
        def look(id):
            ec = boto3.client('elasticache')
            try:
                g = ec.describe_replication_groups(ReplicationGroupId=id)['ReplicationGroups'][0]
                c = ec.describe_cache_clusters(CacheClusterId=g['MemberClusters'][0])['CacheClusters'][0]
                p = port(id, g['Status'], g.get('ConfigurationEndpoint') or g.get('NodeGroups', [{}])[0].get('PrimaryEndpoint'))
                return node(ec, c) + (p, 'replicationgroup:' + id)
            except ec.exceptions.ReplicationGroupNotFoundFault:
                pass
            try:
                c = ec.describe_cache_clusters(CacheClusterId=id, ShowCacheNodeInfo=True)['CacheClusters'][0]
                if c.get('ReplicationGroupId'):
                    return look(c['ReplicationGroupId'])
                return node(ec, c) + (port(id, c['CacheClusterStatus'], c['CacheNodes'][0].get('Endpoint')), 'cluster:' + id)
            except ec.exceptions.CacheClusterNotFoundFault:
                pass
            try:
                s = ec.describe_serverless_caches(ServerlessCacheName=id)['ServerlessCaches'][0]
            except ec.exceptions.ServerlessCacheNotFoundFault:
                raise Exception(f'there is no replication group, cluster or serverless cache named {id} in this region')
            v = boto3.client('ec2').describe_subnets(SubnetIds=s['SubnetIds'])['Subnets'][0]['VpcId']
            return v, s['SubnetIds'][0], s['SecurityGroupIds'][0], port(id, s['Status'], s.get('Endpoint')), 'serverlesscache:' + id
        def handler(event, context):
            try:
                data = {}
                if event['RequestType'] != 'Delete':
                    keys = ('VpcId', 'SubnetId', 'SecurityGroupId', 'Port', 'Resource')
                    data = dict(zip(keys, look(event['ResourceProperties']['CacheId'].lower())))
                cfnresponse.send(event, context, cfnresponse.SUCCESS, data, 'cache-network')
            except Exception as e:
                cfnresponse.send(event, context, cfnresponse.FAILED, {}, 'cache-network', reason=str(e))
        """;

    /// <summary>The resources with their names.</summary>
    public static IEnumerable<(string Name, JsonObject Resource)> All()
    {
        yield return ("LookUpRole", LookUpRole());
        yield return (
            "LookUp",
            Cfn.Resource(
                "AWS::Lambda::Function",
                new JsonObject
                {
                    ["Description"] = "Finds the network of a cache from its id; may only look",
                    ["Runtime"] = "python3.12",
                    ["Handler"] = "index.handler",
                    ["Timeout"] = 60,
                    ["Role"] = Cfn.Att("LookUpRole", "Arn"),
                    ["Code"] = new JsonObject { ["ZipFile"] = LookUp },
                }
            )
        );
        yield return (
            "Network",
            Cfn.Resource(
                "Custom::CacheNetwork",
                new JsonObject { ["ServiceToken"] = Cfn.Att("LookUp", "Arn"), ["CacheId"] = Cfn.Ref("SourceElastiCacheClusterId") }
            )
        );
        yield return ("TaskGroup", TaskGroup());
        yield return (
            "CacheIngress",
            Cfn.Resource(
                "AWS::EC2::SecurityGroupIngress",
                new JsonObject
                {
                    ["GroupId"] = Cfn.Att("Network", "SecurityGroupId"),
                    ["IpProtocol"] = "tcp",
                    ["FromPort"] = Cfn.Att("Network", "Port"),
                    ["ToPort"] = Cfn.Att("Network", "Port"),
                    ["SourceSecurityGroupId"] = Cfn.Att("TaskGroup", "GroupId"),
                    ["Description"] = Cfn.Sub("Keyferry stack ${AWS::StackName}"),
                }
            )
        );
    }

    private static JsonObject LookUpRole() =>
        Cfn.Role(
            "lambda.amazonaws.com",
            new JsonArray(Cfn.Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")),
            new JsonArray(
                Cfn.Policy(
                    "look-only",
                    Cfn.Allow(
                        JsonValue.Create("*"),
                        "elasticache:DescribeReplicationGroups",
                        "elasticache:DescribeCacheClusters",
                        "elasticache:DescribeCacheSubnetGroups",
                        "elasticache:DescribeServerlessCaches",
                        "ec2:DescribeSubnets"
                    )
                )
            )
        );

    private static JsonObject TaskGroup()
    {
        JsonObject Rule(string protocol, JsonNode port, JsonNode alsoPort, string key, JsonNode to, string what) =>
            new()
            {
                ["IpProtocol"] = protocol,
                ["FromPort"] = port,
                ["ToPort"] = alsoPort,
                [key] = to,
                ["Description"] = what,
            };
        JsonObject Port() => Cfn.Att("Network", "Port");
        return Cfn.Resource(
            "AWS::EC2::SecurityGroup",
            new JsonObject
            {
                ["GroupDescription"] = "Task of Keyferry: nobody is let in",
                ["VpcId"] = Cfn.Att("Network", "VpcId"),
                ["SecurityGroupEgress"] = new JsonArray(
                    Rule("tcp", Port(), Port(), "DestinationSecurityGroupId", Cfn.Att("Network", "SecurityGroupId"), "to the cache"),
                    Rule("tcp", Cfn.Ref("TargetPort"), Cfn.Ref("TargetPort"), "CidrIp", Cfn.Ref("TargetCidr"), "to the target"),
                    Rule("tcp", 443, 443, "CidrIp", "0.0.0.0/0", "to AWS and the registry"),
                    Rule("tcp", 2049, 2049, "CidrIp", "0.0.0.0/0", "to the state on EFS"),
                    Rule("udp", 53, 53, "CidrIp", "0.0.0.0/0", "names")
                ),
            }
        );
    }
}
