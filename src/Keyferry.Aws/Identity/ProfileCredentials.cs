using System.ComponentModel;
using System.Diagnostics;
using Keyferry.Aws.Calls;
using Keyferry.Model;

namespace Keyferry.Aws.Identity;

/// <summary>Credentials of a profile: a key that stands there, a role to assume, a program to ask, a token file.</summary>
internal sealed class ProfileCredentials(AwsSurroundings surroundings, ProfileFile profiles, string region)
{
    private const int DeepestChain = 5;

    /// <summary>The profile's credentials, or <see langword="null"/> where it says nothing of any.</summary>
    /// <exception cref="KeyferryException">It says something that leads nowhere.</exception>
    public ValueTask<AwsCredentials?> ReadAsync(string profile, CancellationToken stop) => ReadAsync(profile, 0, stop);

    private async ValueTask<AwsCredentials?> ReadAsync(string profile, int depth, CancellationToken stop)
    {
        if (depth > DeepestChain)
        {
            throw Unusable(profile, "leads to itself through source_profile", "Let the last profile of the chain hold a key.");
        }

        var role = profiles.Get(profile, "role_arn");
        if (role is not null && profiles.Get(profile, "web_identity_token_file") is { } file)
        {
            return await new RoleCredentials(surroundings, region).FromTokenFileAsync(file, role, SessionOf(profile), stop);
        }

        if (role is not null)
        {
            return await AssumeAsync(profile, role, depth, stop);
        }

        if (profiles.Get(profile, "aws_access_key_id") is { } id && profiles.Get(profile, "aws_secret_access_key") is { } secret)
        {
            var token = profiles.Get(profile, "aws_session_token");
            return new AwsCredentials(id, new Secret(secret), token is null ? null : new Secret(token), From: $"the profile {profile}");
        }

        if (profiles.Get(profile, "credential_process") is { } command)
        {
            return await AskProgramAsync(profile, command, stop);
        }

        return profiles.Get(profile, "sso_session") is null && profiles.Get(profile, "sso_start_url") is null
            ? null
            : throw Unusable(
                profile,
                "logs in through IAM Identity Center (SSO), which Keyferry does not speak itself",
                $"Run: eval \"$(aws configure export-credentials --profile {profile} --format env)\" and unset AWS_PROFILE, then the command again."
            );
    }

    private string? SessionOf(string profile) => profiles.Get(profile, "role_session_name");

    private async ValueTask<AwsCredentials?> AssumeAsync(string profile, string role, int depth, CancellationToken stop)
    {
        var with = profiles.Get(profile, "source_profile") is { } source
            ? await ReadSourceAsync(profile, source, depth, stop)
            : await ReadNamedSourceAsync(profile, stop);
        return await new RoleCredentials(surroundings, region).FromKeyAsync(
            with,
            role,
            SessionOf(profile),
            profiles.Get(profile, "external_id"),
            stop
        );
    }

    private async ValueTask<AwsCredentials> ReadSourceAsync(string profile, string source, int depth, CancellationToken stop)
    {
        // A profile may name itself: its own key then assumes its role.
        if (
            source == profile
            && profiles.Get(profile, "aws_access_key_id") is { } id
            && profiles.Get(profile, "aws_secret_access_key") is { } key
        )
        {
            return new AwsCredentials(id, new Secret(key), null, From: $"the profile {profile}");
        }

        return await ReadAsync(source, depth + 1, stop)
            ?? throw Unusable(profile, $"names the source_profile {source}, which has no credentials", "Give that profile a key.");
    }

    private async ValueTask<AwsCredentials> ReadNamedSourceAsync(string profile, CancellationToken stop)
    {
        var found = profiles.Get(profile, "credential_source") switch
        {
            "Environment" => surroundings.Set("AWS_ACCESS_KEY_ID") is { } id && surroundings.Set("AWS_SECRET_ACCESS_KEY") is { } secret
                ? new AwsCredentials(id, new Secret(secret), surroundings.Set("AWS_SESSION_TOKEN") is { } token ? new Secret(token) : null)
                : null,
            "EcsContainer" or "Ec2InstanceMetadata" => await new MetadataCredentials(surroundings).FindAsync(stop),
            _ => null,
        };
        return found
            ?? throw Unusable(
                profile,
                "has a role_arn, but nothing to assume it with",
                "Add source_profile or credential_source to it, and see that there is a key."
            );
    }

    private static async ValueTask<AwsCredentials> AskProgramAsync(string profile, string command, CancellationToken stop)
    {
        try
        {
            var start = new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardOutput = true, UseShellExecute = false };
            if (OperatingSystem.IsWindows())
            {
                start = new ProcessStartInfo("cmd.exe", ["/C", command]) { RedirectStandardOutput = true, UseShellExecute = false };
            }

            using var program = Process.Start(start);
            var said = program is null ? "" : await program.StandardOutput.ReadToEndAsync(stop);
            await (program?.WaitForExitAsync(stop) ?? Task.CompletedTask);
            if (
                program?.ExitCode == 0
                && MetadataCredentials.Read(said, "SessionToken", $"credential_process of the profile {profile}") is { } key
            )
            {
                return key;
            }
        }
        catch (Win32Exception missing)
        {
            throw Unusable(profile, $"has a credential_process that cannot be run: {missing.Message}", "Check the command.");
        }

        throw Unusable(profile, "has a credential_process that yields no credentials", "Run it by hand and read what it says.");
    }

    private static KeyferryException Unusable(string profile, string what, string remedy) =>
        new(FailureKind.Usage, $"The AWS profile {profile} {what}.", remedy);
}
