using Keyferry.Aws.Doctor;
using Keyferry.Doctor;

namespace Keyferry.Aws.Tests.Doctor;

public sealed class ReadingTests
{
    [Theory]
    [InlineData("redis-elasticache-1759926962.nkwtpc.0001.eun1.cache.amazonaws.com", "redis-elasticache-1759926962", "eu-north-1")]
    [InlineData("shop.abc123.ng.0001.use1.cache.amazonaws.com", "shop", "us-east-1")]
    [InlineData("shop-ro.abc123.ng.0001.usw2.cache.amazonaws.com", "shop", "us-west-2")]
    [InlineData("master.shop.abc123.apse2.cache.amazonaws.com", "shop", "ap-southeast-2")]
    [InlineData("clustercfg.shop.abc123.euw1.cache.amazonaws.com", "shop", "eu-west-1")]
    [InlineData("shop.abc123.clustercfg.euc1.cache.amazonaws.com", "shop", "eu-central-1")]
    [InlineData("shop-0001-001.abc123.0001.cac1.cache.amazonaws.com", "shop-0001-001", "ca-central-1")]
    [InlineData("shop-0001-001.shop.abc123.sae1.cache.amazonaws.com", "shop", "sa-east-1")]
    [InlineData("cart-abc123.serverless.apne1.cache.amazonaws.com", "cart", "ap-northeast-1")]
    public void Host_of_a_cache_tells_its_id_and_region(string host, string id, string region) =>
        Assert.Equal((id, region), CacheName.Read(host));

    [Fact]
    public void Guides_host_is_to_be_named_by_its_id() =>
        Assert.Equal(
            "Name it as elasticache://redis-elasticache-1759926962?region=eu-north-1, with credentials of AWS at hand.",
            CacheName.Hint("redis-elasticache-1759926962.nkwtpc.0001.eun1.cache.amazonaws.com", FindingSide.Source)?.Remedy
        );

    [Theory]
    [InlineData("shop.example.com")]
    [InlineData("redis-12850.c1.eu-north-1.ec2.cloud.redislabs.com")]
    [InlineData("127.0.0.1")]
    public void Other_hosts_tell_nothing(string host) => Assert.Null(CacheName.Read(host));

    [Theory]
    [InlineData("sun:23:00-mon:01:30", "2026-11-22T22:00Z", 1.0)]
    [InlineData("sun:23:00-mon:01:30", "2026-11-22T23:30Z", 0.0)]
    [InlineData("sun:23:00-mon:01:30", "2026-11-23T01:29Z", 0.0)]
    [InlineData("sun:23:00-mon:01:30", "2026-11-23T02:00Z", 165.0)]
    [InlineData("wed:05:00-wed:06:00", "2026-11-26T05:00Z", 144.0)]
    public void Maintenance_window_is_so_far_away(string window, string now, double hours) =>
        Assert.Equal(
            TimeSpan.FromHours(hours),
            MaintenanceWindow.Until(window, DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture))
        );

    [Theory]
    [InlineData("")]
    [InlineData("sunday")]
    [InlineData("sun:25:00-mon:01:30")]
    public void What_is_no_window_has_no_time(string window) => Assert.Null(MaintenanceWindow.Until(window, default));
}
