using Keyferry.AwsDouble.Caches;
using Keyferry.Cli.Output;

namespace Keyferry.Aws.Tests.Doctor;

/// <summary>The headings under which guides file every trouble, "Connection Failed", "Permission Denied", "Setting Not Persisting": each true cause is told.</summary>
/// <remarks>What keeps a connection from coming about is in <see cref="WayTests"/>, what keeps letters from holding in <see cref="CacheDoctorTests"/>.</remarks>
public sealed class TroubleshootingTests : IAsyncLifetime
{
    private const string Token = "a-token-of-sixteen!";
    private const string Cache = "elasticache://shop";
    private readonly DoctorBench _doctor = new();

    private CacheWorld World => _doctor.World;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _doctor.DisposeAsync();

    [Fact]
    public async Task Connection_failed_since_the_server_speaks_no_TLS_or_speaks_it()
    {
        _ = await _doctor.Cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true")]);
        var plain = await _doctor.ExamineAsync($"127.0.0.1:{World.Nodes["shop-001"].Server.Port}");
        plain.Has("reach", "blocker", "If the server speaks TLS, use rediss://");
        var unknown = await _doctor.ExamineAsync(Cache);
        unknown.Has("reach", "blocker", "TCP ok, TLS failed");
        unknown.HasNot("cache-network");
        (await _doctor.ExamineAsync(Cache, "--source-tls-ca", World.Certificate.AuthorityFile)).Has(
            "reach",
            "good",
            "TLS, login and commands work"
        );
    }

    [Fact]
    public async Task Permission_denied_since_the_token_is_missing_or_wrong()
    {
        await WithTokenAsync();
        (await ExamineAsync()).Has("reach", "blocker", "asks for its AUTH token", "&secret=ARN");
        _doctor.Cli.Variables["KEYFERRY_SOURCE_PASSWORD"] = "another-token-altogether";
        var wrong = await ExamineAsync();
        wrong.Has("reach", "blocker", "does not accept", "TLS ok, login failed");
        Assert.Equal(ExitCodes.Unreachable, wrong.Exit);
        _doctor.Cli.Variables["KEYFERRY_SOURCE_PASSWORD"] = Token;
        (await ExamineAsync()).Has("reach", "good", "login and commands work");
    }

    [Fact]
    public async Task Permission_denied_since_a_password_is_given_to_a_cache_that_has_none()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.Cli.Variables["KEYFERRY_SOURCE_PASSWORD"] = "as-the-guide-has-it";
        (await _doctor.ExamineAsync(Cache)).Has("reach", "blocker", "the server has none for the default user", "Leave the password out");
    }

    [Fact]
    public async Task Permission_denied_since_the_user_may_not_run_a_command()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _ = await World.Nodes["shop"].Server.SayAsync("ACL", "SETUSER", "weak", "on", ">x", "~*", "&*", "+@all", "-dump");
        var told = await _doctor.ExamineAsync("elasticache://weak:x@shop");
        told.Has("rights", "blocker", "The user weak may not run DUMP", "+dump");
        Assert.Equal(ExitCodes.Refused, told.Exit);
    }

    [Fact]
    public async Task Permission_denied_by_AWS_itself_names_the_statement()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        _doctor.Cli.Bench.Aws.Deny("elasticache:DescribeCacheClusters");
        var (code, _, error) = await _doctor.Cli.RunAsync("doctor", Cache);
        Assert.Equal(ExitCodes.Refused, code);
        Assert.Contains("\"Action\": \"elasticache:DescribeCacheClusters\"", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connection_failed_since_there_is_no_such_cache_in_the_region()
    {
        var (code, _, error) = await _doctor.Cli.RunAsync("doctor", "elasticache://shap?region=eu-north-1");
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("named shap in eu-north-1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Setting_does_not_persist_since_CONFIG_SET_does_not_exist_and_the_group_lacks_the_letters()
    {
        _ = await _doctor.Cli.Bench.StandaloneAsync("shop");
        // Without AWS the server's own words are all there is.
        (await _doctor.ExamineAsync($"127.0.0.1:{World.Nodes["shop"].Server.Port}")).Has("notifications", "warning", "parameter group");
        var told = await _doctor.ExamineAsync(Cache);
        told.Has("cache-notifications", "warning", "CONFIG SET does not exist on ElastiCache", "--apply");
        var (_, output, _) = await _doctor.Cli.RunAsync(
            "notifications",
            "enable",
            "--elasticache",
            "shop",
            "--apply",
            "--work-dir",
            _doctor.Cli.WorkDirectory
        );
        Assert.Contains("every node follows", output, StringComparison.Ordinal);
        (await _doctor.ExamineAsync(Cache)).Has("cache-notifications", "good", "suffice");
    }

    private Task<Diagnosed> ExamineAsync() => _doctor.ExamineAsync(Cache, "--source-tls-ca", World.Certificate.AuthorityFile);

    private async Task WithTokenAsync() =>
        _ = await _doctor.Cli.Bench.GroupAsync("shop", more: [("TransitEncryptionEnabled", "true"), ("AuthToken", Token)]);
}
