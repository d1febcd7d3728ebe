using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>Where the task runs: found out from the cache's id, and let in at the cache by one rule.</summary>
internal static class NetworkResources
{
    /// <summary>In how many availability zones the state can be mounted: EFS takes one mount target in each.</summary>
    public const int MostZones = 3;

    /// <summary>Looks up VPC, subnets, security group and port of the cache. It has no right to change anything, and on deletion does nothing.</summary>
    /// <remarks>
    /// The task may run in every subnet of the cache whose zone has a mount target. Where the cache has subnets in fewer zones than were asked for, others of the network
    /// hold the mount targets that are left. In a subnet that an internet gateway leads out of, and no NAT gateway, a task needs a public address to get out. What is found is put in order, so that the same subnets are found again when the stack is updated.
    /// </remarks>
    private const string LookUp = """
        import boto3, cfnresponse
        def port(id, status, at):
            if not at:
                raise Exception(f'{id} is {status} and has no endpoint yet; wait until it is available')
            return at['Port']
        def node(ec, c):
            g = ec.describe_cache_subnet_groups(CacheSubnetGroupName=c['CacheSubnetGroupName'])['CacheSubnetGroups'][0]
            return [s['SubnetIdentifier'] for s in g['Subnets']], c['SecurityGroups'][0]['SecurityGroupId']
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
            return s['SubnetIds'], s['SecurityGroupIds'][0], port(id, s['Status'], s.get('Endpoint')), 'serverlesscache:' + id
        def leads_out(subnet, tables):
            own = [t for t in tables if any(a.get('SubnetId') == subnet for a in t['Associations'])]
            main = [t for t in tables if any(a.get('Main') for a in t['Associations'])]
            return any(r.get('DestinationCidrBlock') == '0.0.0.0/0' and r.get('GatewayId', '').startswith('igw-')
                       for t in (own or main) for r in t['Routes'])
        def find(id, most, public):
            subnets, group, port, resource = look(id)
            ec2, zone, mounts = boto3.client('ec2'), {}, {}
            vpc = ec2.describe_subnets(SubnetIds=subnets[:1])['Subnets'][0]['VpcId']
            for s in ec2.describe_subnets(Filters=[{'Name': 'vpc-id', 'Values': [vpc]}])['Subnets']:
                zone[s['SubnetId']] = s['AvailabilityZone']
            for s in sorted(zone, key=lambda s: (s not in subnets, s)):
                mounts.setdefault(zone[s], s)
            if len(mounts) < most:
                raise Exception(f'the network of {id} has subnets in {len(mounts)} of {most} zones: give AvailabilityZones={len(mounts)}')
            zones = list(mounts)[:most]
            subnets = [s for s in sorted(subnets) if zone[s] in zones]
            if public == 'auto':
                tables = ec2.describe_route_tables(Filters=[{'Name': 'vpc-id', 'Values': [vpc]}])['RouteTables']
                public = 'ENABLED' if any(leads_out(s, tables) for s in subnets) else 'DISABLED'
            return {
                'VpcId': vpc, 'SecurityGroupId': group, 'Port': port, 'Resource': resource,
                'PublicIp': public, 'SubnetIds': ','.join(subnets),
                **{f'Mount{i + 1}': mounts[z] for i, z in enumerate(zones)}}
        def handler(event, context):
            try:
                asked, data = event['ResourceProperties'], {}
                if event['RequestType'] != 'Delete':
                    data = find(asked['CacheId'].lower(), int(asked['Zones']), asked['PublicIp'])
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
                new JsonObject
                {
                    ["ServiceToken"] = Cfn.Att("LookUp", "Arn"),
                    ["CacheId"] = Cfn.Ref("SourceElastiCacheClusterId"),
                    ["Zones"] = Cfn.Ref("AvailabilityZones"),
                    ["PublicIp"] = Cfn.Ref("AssignPublicIp"),
                }
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
                        "ec2:DescribeSubnets",
                        "ec2:DescribeRouteTables"
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
        JsonObject TargetPort(int otherwise) => Cfn.If("NamesTargetPort", Cfn.Ref("TargetPort"), JsonValue.Create(otherwise));
        return Cfn.Resource(
            "AWS::EC2::SecurityGroup",
            new JsonObject
            {
                ["GroupDescription"] = "Task of Keyferry: nobody is let in",
                ["VpcId"] = Cfn.Att("Network", "VpcId"),
                ["SecurityGroupEgress"] = new JsonArray(
                    Rule("tcp", Port(), Port(), "DestinationSecurityGroupId", Cfn.Att("Network", "SecurityGroupId"), "to the cache"),
                    Cfn.If(
                        "TargetIsLetOutTo",
                        Cfn.Ref("AWS::NoValue"),
                        Rule("tcp", TargetPort(0), TargetPort(65535), "CidrIp", Cfn.Ref("TargetCidr"), "to the target")
                    ),
                    Rule("tcp", 443, 443, "CidrIp", "0.0.0.0/0", "to AWS and the registry"),
                    Rule("tcp", 2049, 2049, "CidrIp", "0.0.0.0/0", "to the state on EFS"),
                    Rule("udp", 53, 53, "CidrIp", "0.0.0.0/0", "names")
                ),
            }
        );
    }
}
