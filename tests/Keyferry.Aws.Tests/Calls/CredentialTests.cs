using System.Net;
using System.Text;
using Keyferry.Aws.Calls;
using Keyferry.Aws.Identity;
using Keyferry.AwsDouble;
using Keyferry.Model;
using Microsoft.Extensions.Time.Testing;

namespace Keyferry.Aws.Tests.Calls;

/// <summary>Where credentials and the region are found.</summary>
public sealed class CredentialTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("keyferry-credentials-").FullName;
    private readonly Dictionary<string, string> _variables;
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly FakePlace _place = new();
    private readonly HttpClient _http;

    public CredentialTests()
    {
        _http = new HttpClient(_place);
        _variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["AWS_CONFIG_FILE"] = Path.Combine(_folder, "config"),
            ["AWS_SHARED_CREDENTIALS_FILE"] = Path.Combine(_folder, "credentials"),
            ["AWS_EC2_METADATA_DISABLED"] = "true",
        };
    }

    private AwsSurroundings Surroundings =>
        new()
        {
            Variable = _variables.GetValueOrDefault,
            Time = _time,
            Http = _http,
        };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Environment_comes_first()
    {
        Write("credentials", "[default]\naws_access_key_id = FILE\naws_secret_access_key = s");
        (_variables["AWS_ACCESS_KEY_ID"], _variables["AWS_SECRET_ACCESS_KEY"], _variables["AWS_SESSION_TOKEN"]) = ("ENV", "s", "t");
        var found = await FindAsync();
        Assert.Equal(("ENV", "t"), (found.AccessKeyId, found.SessionToken?.Reveal()));
    }

    [Fact]
    public async Task A_named_profile_wins_over_the_environment()
    {
        (_variables["AWS_ACCESS_KEY_ID"], _variables["AWS_SECRET_ACCESS_KEY"], _variables["AWS_PROFILE"]) = ("ENV", "s", "work");
        Write(
            "config",
            "[default]\nregion = us-east-1\n\n# mine\n[profile work]\naws_access_key_id=WORK\naws_secret_access_key=s\ns3 =\n  region = other\n"
        );
        Assert.Equal("WORK", (await FindAsync()).AccessKeyId);
    }

    [Fact]
    public async Task A_profile_that_is_missing_is_told()
    {
        _variables["AWS_PROFILE"] = "wrok";
        var failed = await Assert.ThrowsAsync<KeyferryException>(FindAsync);
        Assert.Equal(FailureKind.Usage, failed.Kind);
        Assert.Contains("the profile wrok", failed.Saw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_program_is_asked()
    {
        Write(
            "config",
            """
            [default]
            credential_process = echo '{"Version":1,"AccessKeyId":"PROGRAM","SecretAccessKey":"s","SessionToken":"t","Expiration":"2031-01-01T00:00:00Z"}'
            """
        );
        var found = await FindAsync();
        Assert.Equal(("PROGRAM", 2031), (found.AccessKeyId, found.Expires?.Year));
    }

    [Fact]
    public async Task A_role_is_assumed_with_the_key_of_its_source_profile()
    {
        await using var aws = AwsServer.Start();
        _variables["AWS_ENDPOINT_URL_STS"] = aws.Url;
        _variables["AWS_PROFILE"] = "admin";
        Write("credentials", $"[base]\naws_access_key_id={AwsServer.AccessKey}\naws_secret_access_key={AwsServer.SecretKey}");
        Write("config", "[profile admin]\nrole_arn=arn:aws:iam::111122223333:role/admin\nsource_profile=base");
        using var http = new HttpClient();
        using var source = new CredentialSource(Surroundings with { Http = http, Time = TimeProvider.System }, AwsServer.Region);
        var found = await source.GetAsync(AwsBench.Stop);
        Assert.Equal("assumed", found.SessionToken?.Reveal());
        Assert.Equal("sts:AssumeRole", Assert.Single(aws.Calls));
    }

    [Fact]
    public async Task A_container_gives_a_key_and_is_asked_again_before_it_expires()
    {
        _variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/abc";
        _place.Answer("http://169.254.170.2/v2/credentials/abc", () => Key("ECS", _time.GetUtcNow().AddHours(1)));
        using var source = new CredentialSource(Surroundings, "eu-north-1");
        Assert.Equal("ECS", (await source.GetAsync(AwsBench.Stop)).AccessKeyId);
        Assert.Equal("ECS", (await source.GetAsync(AwsBench.Stop)).AccessKeyId);
        Assert.Equal(1, _place.Asked);
        _time.Advance(TimeSpan.FromMinutes(56));
        _ = await source.GetAsync(AwsBench.Stop);
        Assert.Equal(2, _place.Asked);
    }

    [Fact]
    public async Task An_instance_gives_key_and_region_by_version_2_only()
    {
        _ = _variables.Remove("AWS_EC2_METADATA_DISABLED");
        const string Root = "http://169.254.169.254/latest/";
        _place.Answer(Root + "api/token", () => "token-1");
        _place.Answer(Root + "meta-data/iam/security-credentials/", () => "my-role");
        _place.Answer(Root + "meta-data/iam/security-credentials/my-role", () => Key("IMDS", _time.GetUtcNow().AddHours(6)));
        _place.Answer(Root + "meta-data/placement/region", () => "eu-west-3");
        Assert.Equal("IMDS", (await FindAsync()).AccessKeyId);
        Assert.Equal("eu-west-3", await RegionSource.FindAsync(Surroundings, AwsBench.Stop));
        Assert.True(_place.AllHadAToken);
    }

    [Fact]
    public async Task Nothing_found_says_where_was_looked()
    {
        var failed = await Assert.ThrowsAsync<KeyferryException>(FindAsync);
        Assert.Contains("No AWS credentials were found", failed.Saw, StringComparison.Ordinal);
        var region = await Assert.ThrowsAsync<KeyferryException>(async () => await RegionSource.FindAsync(Surroundings, AwsBench.Stop));
        Assert.Contains("--region", region.Remedy, StringComparison.Ordinal);
    }

    private async Task<AwsCredentials> FindAsync()
    {
        using var source = new CredentialSource(Surroundings, "eu-north-1");
        return await source.GetAsync(AwsBench.Stop);
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private static string Key(string id, DateTimeOffset expires) =>
        $$"""{"AccessKeyId":"{{id}}","SecretAccessKey":"s","Token":"t","Expiration":"{{expires:yyyy-MM-dd'T'HH:mm:ss'Z'}}"}""";

    private sealed class FakePlace : HttpMessageHandler
    {
        private readonly Dictionary<string, Func<string>> _answers = new(StringComparer.Ordinal);

        public int Asked { get; private set; }

        public bool AllHadAToken { get; private set; } = true;

        public void Answer(string url, Func<string> answer) => _answers[url] = answer;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Asked++;
            AllHadAToken &= request.Method == HttpMethod.Put || request.Headers.Contains("X-aws-ec2-metadata-token");
            var found = _answers.GetValueOrDefault(request.RequestUri?.ToString() ?? "");
            return Task.FromResult(
                found is null
                    ? new HttpResponseMessage(HttpStatusCode.NotFound)
                    : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(found(), Encoding.UTF8) }
            );
        }
    }
}
