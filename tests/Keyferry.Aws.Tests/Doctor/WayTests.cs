using Keyferry.AwsDouble.Others;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>A cache that does not answer: the rule, the ACL or the route that is in the way is named, with the command that opens it.</summary>
public sealed class WayTests : IAsyncLifetime
{
    private const string Cache = "elasticache://shop";
    private readonly DoctorBench _doctor = new();
    private readonly DroppedPort _port = new();

    private NetworkWorld Network => _doctor.Cli.Bench.Aws.Network;

    public async ValueTask InitializeAsync()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.World.Nodes["shop"].ToldPort = _port.Number;
    }

    public async ValueTask DisposeAsync()
    {
        _port.Dispose();
        await _doctor.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Security_group_that_lets_nobody_in_is_named_with_the_command_that_opens_it(bool isTask)
    {
        Network.Groups["sg-0cache"].Ingress[0] = new RuleState("tcp", 1, 65535, Group: "sg-0other");
        var told = await FromAsync(NetworkWorld.TaskInterface, isTask);
        Assert.Equal(ExitCodes.Unreachable, told.Exit);
        told.Has("reach", "blocker", "TCP failed");
        told.Has(
            "cache-network",
            "blocker",
            "No rule of sg-0cache",
            isTask ? "this task (10.0.2.50, in sg-0app)" : "this instance (10.0.2.50, in sg-0app)",
            "is open for sg-0other",
            $"aws ec2 authorize-security-group-ingress --group-id sg-0cache --protocol tcp --port {_port.Number} --source-group sg-0app"
        );
    }

    [Fact]
    public async Task Rule_for_another_port_or_another_network_does_not_count_and_one_for_ours_does()
    {
        Network.Groups["sg-0cache"].Ingress.Clear();
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("tcp", 1, 1, Group: "sg-0app"));
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("udp", 1, 65535, Group: "sg-0app"));
        (await FromTaskAsync()).Has("cache-network", "blocker", "No rule speaks of that port");
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("tcp", 1, 65535, "10.0.1.0/24"));
        (await FromTaskAsync()).Has("cache-network", "blocker", "is open for 10.0.1.0/24");
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("tcp", 1, 65535, PrefixList: "pl-0abc"));
        (await FromTaskAsync()).Has("cache-network", "blocker", "prefix lists are not looked into: pl-0abc");
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("-1", Network: "10.0.2.0/24"));
        (await FromTaskAsync()).Has("cache-network", "warning", "let this task (10.0.2.50 in subnet-0b2) through");
    }

    [Fact]
    public async Task Own_group_that_lets_nothing_out_is_named()
    {
        Network.Groups["sg-0app"].Egress[0] = new RuleState("tcp", 443, 443, "0.0.0.0/0");
        (await FromTaskAsync()).Has(
            "cache-network",
            "blocker",
            "No rule of sg-0app",
            "aws ec2 authorize-security-group-egress --group-id sg-0app",
            "UserIdGroupPairs=[{GroupId=sg-0cache}]"
        );
        Network.Groups["sg-0app"].Egress.Add(new RuleState("tcp", 1, 65535, Group: "sg-0cache"));
        (await FromTaskAsync()).Has("cache-network", "warning", "Something else is in the way");
    }

    [Theory]
    [InlineData("acl-0b2", true, "requests out of", "--egress")]
    [InlineData("acl-0a1", false, "requests into", "--ingress")]
    [InlineData("acl-0a1", true, "answers out of", "--egress")]
    [InlineData("acl-0b2", false, "answers into", "--ingress")]
    public async Task Network_ACL_is_named_with_the_rule_and_the_entry_that_opens_it(string acl, bool egress, string words, string option)
    {
        // Of four directions one is closed, and the others are open for TCP.
        var entries = Network.Acls.Find(one => one.Id == acl)?.Entries ?? [];
        var (first, last) = words.StartsWith("answers", StringComparison.Ordinal) ? (32768, 60999) : (_port.Number, _port.Number);
        entries.Add(new AclEntryState(99, egress, Allows: false, "10.0.0.0/16", "6", first, last));
        var told = await FromTaskAsync();
        told.Has(
            "cache-network",
            "blocker",
            $"The network ACL {acl}",
            "stops, with rule 99",
            words,
            $"aws ec2 create-network-acl-entry --network-acl-id {acl} {option} --rule-number 98 --protocol tcp"
        );
        _ = Assert.Single(told.Findings, static found => found.Code == "cache-network");
    }

    [Fact]
    public async Task Network_ACL_that_allows_too_few_ports_for_the_answers_is_named()
    {
        var entries = Network.Acls.Find(static one => one.Id == "acl-0a1")?.Entries ?? [];
        entries.RemoveAll(static entry => entry is { IsEgress: true, Number: 100 });
        entries.Add(new AclEntryState(100, IsEgress: true, Allows: true, "0.0.0.0/0", "6", 32768, 40000));
        (await FromTaskAsync()).Has("cache-network", "blocker", "acl-0a1", "stops, with rule 32767, answers out of", "--rule-number 32766");
        entries.Add(new AclEntryState(110, IsEgress: true, Allows: true, "0.0.0.0/0", "6", 40001, 65535));
        (await FromTaskAsync()).Has("cache-network", "warning", "Something else is in the way");
    }

    [Fact]
    public async Task Missing_route_of_another_VPC_is_named_in_both_tables_until_both_have_one()
    {
        Network.Groups["sg-0cache"].Ingress.Add(new RuleState("tcp", 1, 65535, "10.9.1.0/24"));
        var told = await FromAsync(NetworkWorld.FarInterface, isTask: true);
        told.Has("cache-network", "blocker", "rtb-0def of subnet-0d1 has no route to 10.0.1.0/24", "--destination-cidr-block 10.0.1.0/24");
        told.Has("cache-network", "blocker", "rtb-0abc of subnet-0a1 has no route to 10.9.1.0/24");

        var (far, near) = (
            Network.Tables.Find(static one => one.Id == "rtb-0def"),
            Network.Tables.Find(static one => one.Id == "rtb-0abc")
        );
        far?.Routes.Add(new RouteState("10.0.0.0/16", "vpcPeeringConnectionId", "pcx-0abc"));
        told = await FromAsync(NetworkWorld.FarInterface, isTask: true);
        told.Has(
            "cache-network",
            "blocker",
            "aws ec2 create-route --route-table-id rtb-0abc --destination-cidr-block 10.9.1.0/24 --vpc-peering-connection-id pcx-0abc"
        );
        near?.Routes.Add(new RouteState("10.9.0.0/16", "vpcPeeringConnectionId", "pcx-0abc", IsActive: false));
        (await FromAsync(NetworkWorld.FarInterface, isTask: true)).Has("cache-network", "blocker", "leads nowhere any more (pcx-0abc)");
        near?.Routes.Clear();
        near?.Routes.Add(new RouteState("10.9.0.0/16", "vpcPeeringConnectionId", "pcx-0abc"));
        (await FromAsync(NetworkWorld.FarInterface, isTask: true)).Has("cache-network", "warning", "Something else is in the way");
    }

    [Fact]
    public async Task Outside_of_AWS_no_rule_is_to_blame()
    {
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-network", "blocker", "not in the VPC of shop", "No rule is to blame", "keyferry aws stack deploy");
        Assert.DoesNotContain("ec2:DescribeSecurityGroups", _doctor.Cli.Bench.Aws.Calls);
    }

    [Theory]
    [InlineData("ec2:DescribeSecurityGroups")]
    [InlineData("ec2:DescribeSubnets")]
    [InlineData("ec2:DescribeNetworkAcls")]
    [InlineData("ec2:DescribeRouteTables")]
    [InlineData("ec2:DescribeNetworkInterfaces")]
    [InlineData("elasticache:DescribeCacheSubnetGroups")]
    public async Task What_may_not_be_looked_at_names_the_statement(string action)
    {
        _doctor.Cli.Bench.Aws.Deny(action);
        (await FromTaskAsync()).Has("cache-network", "warning", "cannot be told", $"\"Action\": \"{action}\"");
    }

    [Fact]
    public async Task A_refused_connection_was_reached_and_no_rule_is_looked_for()
    {
        _doctor.World.Nodes["shop"].ToldPort = Integration.Servers.FreePort.Take();
        var told = await FromTaskAsync();
        told.Has("reach", "blocker", "connection refused");
        told.HasNot("cache-network");
    }

    private Task<Diagnosed> FromTaskAsync() => FromAsync(NetworkWorld.TaskInterface, isTask: true);

    private async Task<Diagnosed> FromAsync(InterfaceState from, bool isTask)
    {
        await using var place = new PlaceInAws(from);
        if (isTask)
        {
            place.TellTask(_doctor.Cli.Variables);
        }
        else
        {
            place.TellInstance(_doctor.Cli.Variables);
        }

        return await _doctor.ExamineAsync(Cache);
    }
}
