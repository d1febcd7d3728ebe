using Keyferry.Cli.Output;
using Keyferry.Integration.Commands;
using Keyferry.Integration.Servers;

namespace Keyferry.Integration.Connections;

/// <summary>TLS with real servers: a whole migration over it, and everything that may be wrong with certificates, each told in its own words.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-tls-").FullName;
    private readonly TestAuthority _ours;

    public TlsTests() => _ours = new TestAuthority(_folder, "ours");

    public void Dispose()
    {
        _ours.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_live_migration_with_client_certificates_on_both_sides_ends_equal()
    {
        await using var source = await StartAsync(_ours.Issue("source", ["127.0.0.1"]), clients: true);
        await using var target = await StartAsync(_ours.Issue("target", ["redis.example"]), clients: true);
        for (var i = 0; i < 100; i++)
        {
            await source.Server.CommandAsync("SET", $"k{i}", new string('v', i * 1000));
        }

        var (certificate, key) = _ours.Issue("keyferry", []);
        using var line = new CommandLine();
        line.Variables["KEYFERRY_TARGET_TLS_CA"] = _ours.File;
        line.Variables["KEYFERRY_TARGET_TLS_NAME"] = "redis.example";
        line.Variables["KEYFERRY_TARGET_TLS_CERT"] = certificate;
        line.Variables["KEYFERRY_TARGET_TLS_KEY"] = key;
        var code = await line.RunAsync([
            .. (string[])["migrate", source.Uri, target.Uri, "--until-idle", "1s", "--work-dir", Path.Combine(_folder, "work")],
            .. (string[])["--source-tls-ca", _ours.File, "--source-tls-cert", certificate, "--source-tls-key", key],
        ]);
        Assert.True(code == ExitCodes.Ok, $"exit {code}\n{line.Out}{line.Error}");
        Assert.Equal(100, (long)await target.Server.CommandAsync("DBSIZE"));
        Assert.Empty(line.Error);
    }

    [Fact]
    public async Task A_name_resolved_to_the_certificates_own_is_taken_as_it_is()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["localhost"]));
        await AssertSeenAsync($"rediss://localhost:{server.Port}", ExitCodes.NotProved, "", "--tls-ca", _ours.File);
    }

    [Fact]
    public async Task Certificate_and_key_may_stand_in_one_file()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]), clients: true);
        var (certificate, key) = _ours.Issue("keyferry", []);
        var both = Path.Combine(_folder, "both.pem");
        await File.WriteAllTextAsync(
            both,
            await File.ReadAllTextAsync(certificate, Stop) + "\n" + await File.ReadAllTextAsync(key, Stop),
            Stop
        );
        await AssertSeenAsync(server.Uri, ExitCodes.NotProved, "", "--tls-ca", _ours.File, "--tls-cert", both);
    }

    [Fact]
    public async Task An_authority_that_this_machine_does_not_know()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]));
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "issued by CN=ours, which this machine does not vouch for|--tls-ca");
    }

    [Fact]
    public async Task Another_authority_than_the_given_one()
    {
        using var theirs = new TestAuthority(_folder, "theirs");
        await using var server = await StartAsync(theirs.Issue("server", ["127.0.0.1"]));
        await AssertSeenAsync(
            server.Uri,
            ExitCodes.Unreachable,
            "issued by CN=theirs, which the given authorities do not vouch for|--tls-ca",
            "--tls-ca",
            _ours.File
        );
    }

    [Fact]
    public async Task A_certificate_for_another_name()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["redis.example", "10.1.2.3"]));
        string[] known = ["--tls-ca", _ours.File];
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "not for 127.0.0.1, but for redis.example, 10.1.2.3|--tls-name", known);
        await AssertSeenAsync(server.Uri, ExitCodes.NotProved, "", [.. known, "--tls-name", "redis.example"]);
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "not for other.example", [.. known, "--tls-name", "other.example"]);
    }

    [Fact]
    public async Task A_certificate_that_has_expired()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"], TimeProvider.System.GetUtcNow().AddDays(-1)));
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "out of date|clock", "--tls-ca", _ours.File);
    }

    [Fact]
    public async Task No_client_certificate_where_one_is_wanted()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]), clients: true);
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "asks for a client certificate|--tls-cert", "--tls-ca", _ours.File);
    }

    [Fact]
    public async Task A_client_certificate_of_an_authority_that_the_server_does_not_know()
    {
        using var theirs = new TestAuthority(_folder, "theirs");
        var (certificate, key) = theirs.Issue("stranger", []);
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]), clients: true);
        await AssertSeenAsync(
            server.Uri,
            ExitCodes.Unreachable,
            "CN=stranger|trusts the authority of --tls-cert",
            ["--tls-ca", _ours.File, "--tls-cert", certificate, "--tls-key", key]
        );
    }

    [Fact]
    public async Task An_IPv6_address_is_dialled_and_verified_as_such()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["::1"]), more: ["--bind", "127.0.0.1 ::1"]);
        await AssertSeenAsync($"redis://[::1]:{server.Server.Port}", ExitCodes.NotProved, "");
        await AssertSeenAsync($"rediss://[::1]:{server.Port}", ExitCodes.NotProved, "", "--tls-ca", _ours.File);
        await AssertSeenAsync(server.Uri, ExitCodes.Unreachable, "but for ::1", "--tls-ca", _ours.File);
    }

    [Fact]
    public async Task A_plain_port()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]));
        await AssertSeenAsync(
            $"rediss://127.0.0.1:{server.Server.Port}",
            ExitCodes.Unreachable,
            "TLS|use redis://",
            "--tls-ca",
            _ours.File
        );
    }

    [Fact]
    public async Task Plain_words_to_a_TLS_port()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["127.0.0.1"]));
        await AssertSeenAsync($"redis://127.0.0.1:{server.Port}", ExitCodes.Unreachable, "use rediss://");
    }

    [Fact]
    public async Task Any_certificate_is_taken_only_where_that_was_asked_for_and_each_run_says_so()
    {
        await using var server = await StartAsync(_ours.Issue("server", ["other.example"], TimeProvider.System.GetUtcNow().AddDays(-1)));
        await AssertSeenAsync(server.Uri, ExitCodes.NotProved, "warning: --tls-insecure", "--tls-insecure");
    }

    [Fact]
    public async Task Files_that_cannot_be_used_are_told_before_anything_is_dialled()
    {
        var none = Path.Combine(_folder, "none.pem");
        var (certificate, key) = _ours.Issue("keyferry", []);
        var (_, another) = _ours.Issue("another", []);
        const string anywhere = "rediss://127.0.0.1:1";
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "none.pem|PEM", "--tls-ca", none);
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "holds no certificate", "--tls-ca", key);
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "cannot be used", "--tls-cert", certificate);
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "cannot be used", "--tls-cert", certificate, "--tls-key", another);
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "without --tls-cert", "--tls-key", key);
        await AssertSeenAsync(anywhere, ExitCodes.Usage, "Leave --tls-insecure out", "--tls-insecure", "--tls-ca", _ours.File);
        await AssertSeenAsync("redis://127.0.0.1:1", ExitCodes.Usage, "rediss://", "--tls-ca", _ours.File);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Asks for the flags of the server, which are insufficient by default, so that getting in shows as that.</summary>
    private static async Task AssertSeenAsync(string uri, int exit, string says, params string[] options)
    {
        using var line = new CommandLine();
        var code = await line.RunAsync(["notifications", "status", uri, .. options]);
        Assert.True(code == exit, $"exit {code}\n{line.Out}{line.Error}");
        Assert.All(
            says.Split('|'),
            words => Assert.True(line.Error.Contains(words, StringComparison.Ordinal), $"no '{words}' in: {line.Error}")
        );
        Assert.DoesNotContain("   at ", line.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE KEY", line.Error, StringComparison.Ordinal);
    }

    private async Task<TlsServer> StartAsync((string Certificate, string Key) shown, bool clients = false, params string[] more)
    {
        var port = FreePort.Take();
        var server = await RedisServer.StartAsync(
            ServerKind.Machine,
            [
                .. (string[])["--tls-port", $"{port}", "--tls-cert-file", shown.Certificate, "--tls-key-file", shown.Key],
                .. (string[])["--tls-ca-cert-file", _ours.File, "--tls-auth-clients", clients ? "yes" : "no"],
                .. more,
            ]
        );
        return new TlsServer(server, port);
    }

    private sealed record TlsServer(RedisServer Server, int Port) : IAsyncDisposable
    {
        public string Uri => $"rediss://127.0.0.1:{Port}";

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
