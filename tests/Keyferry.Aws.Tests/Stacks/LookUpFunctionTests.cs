using System.Diagnostics;
using System.Text.Json.Nodes;
using Keyferry.Aws.Stacks;
using Keyferry.AwsDouble.Others;

namespace Keyferry.Aws.Tests.Stacks;

/// <summary>The function in the template that finds a cache's network is run as it stands there, with AWS's own Python library, against the double.</summary>
public sealed class LookUpFunctionTests : IAsyncLifetime
{
    private readonly AwsBench _bench = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-lookup-").FullName;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _bench.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Each_kind_of_cache_leads_to_its_network()
    {
        var alone = await _bench.StandaloneAsync("alone");
        var group = await _bench.GroupAsync("shop", nodes: 2);
        var cluster = await _bench.GroupAsync("many", shards: 2);
        _ = _bench.Aws.World.Serverless.Add("cart");
        var said = await RunAsync(
            Event("Create", "alone"),
            Event("Create", "Shop"),
            Event("Update", "many"),
            Event("Create", "shop-002"),
            Event("Create", "cart")
        );
        Assert.Equal(
            [
                Network(alone.Address?.Port, "cluster:alone"),
                Network(group.Address?.Port, "replicationgroup:shop"),
                Network(cluster.Address?.Port, "replicationgroup:many"),
                Network(group.Address?.Port, "replicationgroup:shop"),
                Network(6379, "serverlesscache:cart", "subnet-0a1"),
            ],
            said.Select(static one => one["Data"]?.ToJsonString())
        );
        Assert.All(
            said,
            static one => Assert.Equal(("SUCCESS", "cache-network"), ((string?)one["Status"], (string?)one["PhysicalResourceId"]))
        );
        // It may look, and nothing else: its role has exactly these.
        Assert.Subset(
            Allowed(),
            _bench.Aws.Calls.Where(static call => call.Contains(":Describe", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task What_fails_reaches_CloudFormation_as_a_reason_that_helps()
    {
        _ = await _bench.StandaloneAsync("shop");
        _bench.Aws.World.Nodes["shop"].Status = "creating";
        var said = await RunAsync(Event("Create", "nope"), Event("Create", "shop"));
        Assert.All(said, static one => Assert.Equal("FAILED", (string?)one["Status"]));
        Assert.Contains("named nope in this region", (string?)said[0]["Reason"], StringComparison.Ordinal);
        Assert.Contains("shop is creating and has no endpoint yet", (string?)said[1]["Reason"], StringComparison.Ordinal);
        _bench.Aws.Deny("elasticache:DescribeReplicationGroups");
        said = await RunAsync(Event("Create", "shop"));
        Assert.Contains("elasticache:DescribeReplicationGroups", (string?)said[0]["Reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleting_the_stack_asks_for_nothing_and_succeeds_even_where_the_cache_is_gone()
    {
        var said = Assert.Single(await RunAsync(Event("Delete", "gone")));
        Assert.Equal("SUCCESS", (string?)said["Status"]);
        Assert.Empty(_bench.Aws.Calls);
    }

    [Fact]
    public async Task Task_gets_every_subnet_of_the_cache_in_as_many_zones_as_were_asked_for()
    {
        var network = _bench.Aws.Network;
        _ = await _bench.StandaloneAsync("shop");
        network.Subnets.Add(new("subnet-0a9", NetworkWorld.Vpc, "10.0.9.0/24", "a"));
        network.Subnets.Add(new("subnet-0c3", NetworkWorld.Vpc, "10.0.3.0/24", "c"));
        _bench.Aws.World.CacheSubnets.Add("subnet-0a9", "a");
        var said = await RunAsync(Event("Create", "shop", 1), Event("Create", "shop", 2), Event("Create", "shop", 3));
        Assert.Equal(
            [
                "subnet-0a1,subnet-0a9 in subnet-0a1",
                "subnet-0a1,subnet-0a9,subnet-0b2 in subnet-0a1 subnet-0b2",
                // The cache has no subnet in the third zone: its mount is beside it, and the task does not run there.
                "subnet-0a1,subnet-0a9,subnet-0b2 in subnet-0a1 subnet-0b2 subnet-0c3",
            ],
            said.Select(static one =>
                $"{one["Data"]?["SubnetIds"]} in {string.Join(' ', Enumerable.Range(1, 3).Select(number => (string?)one["Data"]?[$"Mount{number}"]).OfType<string>())}"
            )
        );
        _ = network.Subnets.RemoveAll(static one => one.Id == "subnet-0c3");
        var refused = Assert.Single(await RunAsync(Event("Create", "shop", 3)));
        Assert.Contains("subnets in 2 of 3 zones: give AvailabilityZones=2", (string?)refused["Reason"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Task_gets_a_public_address_where_it_would_not_get_out_without()
    {
        _ = await _bench.StandaloneAsync("shop");
        var network = _bench.Aws.Network;
        network.Tables[0].Routes.Add(new("0.0.0.0/0", "natGatewayId", "nat-0a"));
        Assert.Equal(["DISABLED", "ENABLED"], await AddressesAsync("auto", "ENABLED"));
        // The default VPC's: the main table leads to an internet gateway.
        network.Tables[0].Routes[^1] = new("0.0.0.0/0", "gatewayId", "igw-0a");
        Assert.Equal(["ENABLED", "DISABLED"], await AddressesAsync("auto", "DISABLED"));
        // Both subnets have tables of their own, without one.
        network.Tables.Add(
            new("rtb-0own", NetworkWorld.Vpc, IsMain: false, ["subnet-0a1", "subnet-0b2"], [new("0.0.0.0/0", "natGatewayId", "nat-0a")])
        );
        Assert.Equal(["DISABLED"], await AddressesAsync("auto"));

        async Task<IEnumerable<string?>> AddressesAsync(params string[] asked) =>
            (await RunAsync([.. asked.Select(static one => Event("Create", "shop", publicIp: one))])).Select(static one =>
                (string?)one["Data"]?["PublicIp"]
            );
    }

    [Fact]
    public void It_fits_inline() => Assert.InRange(Code().Length, 1, 4096);

    private static string Network(int? port, string resource, string subnets = "subnet-0a1,subnet-0b2") =>
        $$"""{"VpcId":"vpc-0abc","SecurityGroupId":"sg-0cache","Port":{{port}},"Resource":"{{resource}}","PublicIp":"DISABLED","SubnetIds":"{{subnets}}","Mount1":"subnet-0a1","Mount2":"subnet-0b2"}""";

    private static string Event(string kind, string cache, int zones = 2, string publicIp = "auto") =>
        new JsonObject
        {
            ["RequestType"] = kind,
            // CloudFormation hands numbers over as texts.
            ["ResourceProperties"] = new JsonObject
            {
                ["CacheId"] = cache,
                ["Zones"] = $"{zones}",
                ["PublicIp"] = publicIp,
            },
        }.ToJsonString();

    private static JsonNode? Resource(string name) => JsonNode.Parse(StackTemplate.Write("image:1"))?["Resources"]?[name]?["Properties"];

    private static string Code() => (string?)Resource("LookUp")?["Code"]?["ZipFile"] ?? "";

    private static HashSet<string> Allowed() =>
        [
            .. Resource("LookUpRole")
                ?["Policies"]?[0]?["PolicyDocument"]?["Statement"]?[0]?["Action"]?.AsArray()
                .Select(static one => (string?)one ?? "")
                ?? [],
        ];

    private async Task<List<JsonNode>> RunAsync(params string[] events)
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "index.py"), Code(), AwsBench.Stop);
        var how = new ProcessStartInfo("python3", [Path.Combine(ContainerEntrypointTests.Root(), "tools", "aws-clients", "look-up.py")])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            WorkingDirectory = _folder,
        };
        foreach (var (name, value) in _bench.Variables.Append(new("AWS_DEFAULT_REGION", "eu-north-1")))
        {
            how.Environment[name] = value;
        }

        using var function = Process.Start(how) ?? throw new InvalidOperationException("python3 could not be started");
        var (output, error) = (function.StandardOutput.ReadToEndAsync(AwsBench.Stop), function.StandardError.ReadToEndAsync(AwsBench.Stop));
        await function.StandardInput.WriteAsync(string.Join('\n', events));
        function.StandardInput.Close();
        await function.WaitForExitAsync(AwsBench.Stop).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(function.ExitCode == 0, await error);
        return
        [
            .. (await output)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static line => JsonNode.Parse(line))
                .OfType<JsonNode>(),
        ];
    }
}
