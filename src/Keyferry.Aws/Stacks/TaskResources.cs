using System.Text.Json.Nodes;

namespace Keyferry.Aws.Stacks;

/// <summary>The task: its logs, its rights, its secret, its state, its service.</summary>
internal static class TaskResources
{
    /// <summary>The resources with their names.</summary>
    public static IEnumerable<(string Name, JsonObject Resource)> All()
    {
        yield return (
            "Logs",
            Cfn.Resource("AWS::Logs::LogGroup", new JsonObject { ["RetentionInDays"] = Cfn.Ref("LogRetentionDays") }, retain: true)
        );
        yield return (
            "TargetSecret",
            Cfn.Resource(
                "AWS::SecretsManager::Secret",
                new JsonObject { ["Description"] = Cfn.Sub("Target of ${AWS::StackName}"), ["SecretString"] = Cfn.Ref("TargetRedisURI") },
                condition: "HasTargetUri"
            )
        );
        yield return ("ExecutionRole", ExecutionRole());
        yield return ("TaskRole", TaskRole());
        foreach (var state in State())
        {
            yield return state;
        }

        yield return ("Cluster", Cfn.Resource("AWS::ECS::Cluster", []));
        yield return ("Task", Task());
        yield return ("Service", Service());
    }

    private static JsonObject TargetArn() => Cfn.If("HasTargetUri", Cfn.Ref("TargetSecret"), Cfn.Ref("TargetSecretArn"));

    private static JsonObject ExecutionRole() =>
        Cfn.Role(
            "ecs-tasks.amazonaws.com",
            new JsonArray(Cfn.Sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")),
            new JsonArray(Cfn.Policy("read-the-target", Cfn.Allow(TargetArn(), "secretsmanager:GetSecretValue")))
        );

    private static JsonObject TaskRole()
    {
        JsonObject Arn(string resource) => Cfn.Sub($"arn:${{AWS::Partition}}:elasticache:${{AWS::Region}}:${{AWS::AccountId}}:{resource}");
        return Cfn.Role(
            "ecs-tasks.amazonaws.com",
            [],
            new JsonArray(
                Cfn.Policy(
                    "find-the-cache",
                    Cfn.Allow(
                        JsonValue.Create("*"),
                        "elasticache:DescribeReplicationGroups",
                        "elasticache:DescribeCacheClusters",
                        "elasticache:DescribeServerlessCaches"
                    ),
                    new JsonObject
                    {
                        ["Effect"] = "Allow",
                        ["Action"] = new JsonArray("elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"),
                        ["Resource"] = Cfn.Att("StateFiles", "Arn"),
                    }
                ),
                Cfn.IfOnly(
                    "HasSourceSecret",
                    Cfn.Policy("read-the-source", Cfn.Allow(Cfn.Ref("SourceSecretArn"), "secretsmanager:GetSecretValue"))
                ),
                Cfn.IfOnly(
                    "HasIamUser",
                    Cfn.Policy(
                        "log-in-by-iam",
                        Cfn.Allow(new JsonArray(Arn("${Network.Resource}"), Arn("user:${SourceIamUserId}")), "elasticache:Connect")
                    )
                )
            )
        );
    }

    /// <summary>The work directory outlives the task: a task that is replaced goes on where the old one was.</summary>
    private static IEnumerable<(string Name, JsonObject Resource)> State()
    {
        yield return ("StateFiles", Cfn.Resource("AWS::EFS::FileSystem", new JsonObject { ["Encrypted"] = true }));
        yield return (
            "StateGroup",
            Cfn.Resource(
                "AWS::EC2::SecurityGroup",
                new JsonObject
                {
                    ["GroupDescription"] = "State of Keyferry: its task is let in, and nobody else",
                    ["VpcId"] = Cfn.Att("Network", "VpcId"),
                    ["SecurityGroupIngress"] = new JsonArray(
                        new JsonObject
                        {
                            ["IpProtocol"] = "tcp",
                            ["FromPort"] = 2049,
                            ["ToPort"] = 2049,
                            ["SourceSecurityGroupId"] = Cfn.Att("TaskGroup", "GroupId"),
                            ["Description"] = "the task",
                        }
                    ),
                }
            )
        );
        yield return ("StateMount1", Mount("Mount1", condition: null));
        yield return ("StateMount2", Mount("Mount2", "HasTwoZones"));
        yield return ("StateMount3", Mount("Mount3", "HasThreeZones"));
        yield return (
            "StateAccess",
            Cfn.Resource(
                "AWS::EFS::AccessPoint",
                new JsonObject
                {
                    ["FileSystemId"] = Cfn.Ref("StateFiles"),
                    ["PosixUser"] = new JsonObject { ["Uid"] = "10001", ["Gid"] = "10001" },
                    ["RootDirectory"] = new JsonObject
                    {
                        ["Path"] = "/keyferry",
                        ["CreationInfo"] = new JsonObject
                        {
                            ["OwnerUid"] = "10001",
                            ["OwnerGid"] = "10001",
                            ["Permissions"] = "0700",
                        },
                    },
                }
            )
        );
    }

    private static JsonObject Mount(string subnet, string? condition) =>
        Cfn.Resource(
            "AWS::EFS::MountTarget",
            new JsonObject
            {
                ["FileSystemId"] = Cfn.Ref("StateFiles"),
                ["SubnetId"] = Cfn.Att("Network", subnet),
                ["SecurityGroups"] = new JsonArray(Cfn.Att("StateGroup", "GroupId")),
            },
            condition
        );

    private static JsonObject Task() =>
        Cfn.Resource(
            "AWS::ECS::TaskDefinition",
            new JsonObject
            {
                ["RequiresCompatibilities"] = new JsonArray("FARGATE"),
                ["NetworkMode"] = "awsvpc",
                ["Cpu"] = "1024",
                ["Memory"] = "2048",
                ["RuntimePlatform"] = new JsonObject
                {
                    ["CpuArchitecture"] = Cfn.Ref("CpuArchitecture"),
                    ["OperatingSystemFamily"] = "LINUX",
                },
                ["ExecutionRoleArn"] = Cfn.Att("ExecutionRole", "Arn"),
                ["TaskRoleArn"] = Cfn.Att("TaskRole", "Arn"),
                ["Volumes"] = new JsonArray(
                    new JsonObject
                    {
                        ["Name"] = "state",
                        ["EFSVolumeConfiguration"] = new JsonObject
                        {
                            ["FilesystemId"] = Cfn.Ref("StateFiles"),
                            ["TransitEncryption"] = "ENABLED",
                            ["AuthorizationConfig"] = new JsonObject { ["AccessPointId"] = Cfn.Ref("StateAccess"), ["IAM"] = "ENABLED" },
                        },
                    }
                ),
                ["ContainerDefinitions"] = new JsonArray(Container()),
            }
        );

    private static JsonObject Container()
    {
        JsonObject Variable(string name, JsonNode value) => new() { ["Name"] = name, ["Value"] = value };
        const string Cache = "elasticache://${SourceElastiCacheClusterId}?region=${AWS::Region}";
        var source = Cfn.If(
            "HasIamUser",
            Cfn.Sub(Cache + "&user=${SourceIamUserId}&auth=iam"),
            Cfn.If("HasSourceSecret", Cfn.Sub(Cache + "&secret=${SourceSecretArn}"), Cfn.Sub(Cache))
        );
        var mode = Cfn.Find("Modes", Cfn.Ref("SyncMode"), "true");
        mode["Fn::FindInMap"] = new JsonArray("Modes", Cfn.Ref("SyncMode"), Cfn.Ref("EnableLiveSync"));
        return new JsonObject
        {
            ["Name"] = "keyferry",
            ["Image"] = Cfn.Ref("ContainerImage"),
            ["Essential"] = true,
            ["User"] = "10001",
            ["ReadonlyRootFilesystem"] = true,
            // The longest that Fargate grants between the request to end and the end: enough to drain and to record.
            ["StopTimeout"] = 120,
            // What refers to the mounts is made after them. To depend on one that may not be made is a mistake in a template; to name it where it is made is not.
            ["DockerLabels"] = new JsonObject
            {
                ["keyferry.state"] = Cfn.Join(
                    " ",
                    Cfn.Ref("StateMount1"),
                    Cfn.If("HasTwoZones", Cfn.Ref("StateMount2"), JsonValue.Create("")),
                    Cfn.If("HasThreeZones", Cfn.Ref("StateMount3"), JsonValue.Create(""))
                ),
            },
            ["LinuxParameters"] = new JsonObject { ["InitProcessEnabled"] = true },
            ["Environment"] = new JsonArray(
                Variable("KEYFERRY_SOURCE", source),
                Variable("KEYFERRY_STACK_MODE", mode),
                Variable("KEYFERRY_STACK_CAPTURE", Cfn.Ref("Capture")),
                Variable("KEYFERRY_STACK_TARGET_KEYS", Cfn.If("RefusesKeys", JsonValue.Create(""), Cfn.Ref("TargetKeys")))
            ),
            ["Secrets"] = new JsonArray(new JsonObject { ["Name"] = "KEYFERRY_TARGET", ["ValueFrom"] = TargetArn() }),
            ["MountPoints"] = new JsonArray(
                new JsonObject
                {
                    ["SourceVolume"] = "state",
                    ["ContainerPath"] = "/state",
                    ["ReadOnly"] = false,
                }
            ),
            ["LogConfiguration"] = new JsonObject
            {
                ["LogDriver"] = "awslogs",
                ["Options"] = new JsonObject
                {
                    ["awslogs-group"] = Cfn.Ref("Logs"),
                    ["awslogs-region"] = Cfn.Ref("AWS::Region"),
                    ["awslogs-stream-prefix"] = "keyferry",
                },
            },
        };
    }

    private static JsonObject Service()
    {
        var service = Cfn.Resource(
            "AWS::ECS::Service",
            new JsonObject
            {
                ["Cluster"] = Cfn.Ref("Cluster"),
                ["TaskDefinition"] = Cfn.Ref("Task"),
                ["DesiredCount"] = Cfn.Ref("DesiredCount"),
                ["LaunchType"] = "FARGATE",
                ["PlatformVersion"] = "LATEST",
                ["EnableExecuteCommand"] = false,
                // Never two at a time: the old task ends before the new one begins.
                ["DeploymentConfiguration"] = new JsonObject
                {
                    ["MaximumPercent"] = 100,
                    ["MinimumHealthyPercent"] = 0,
                    ["DeploymentCircuitBreaker"] = new JsonObject { ["Enable"] = true, ["Rollback"] = true },
                },
                ["NetworkConfiguration"] = new JsonObject
                {
                    ["AwsvpcConfiguration"] = new JsonObject
                    {
                        ["Subnets"] = Cfn.Split(",", Cfn.Att("Network", "SubnetIds")),
                        ["SecurityGroups"] = new JsonArray(Cfn.Att("TaskGroup", "GroupId")),
                        ["AssignPublicIp"] = Cfn.Att("Network", "PublicIp"),
                    },
                },
            }
        );
        service["DependsOn"] = new JsonArray("CacheIngress");
        return service;
    }
}
