using System.CommandLine;
using Keyferry.Model;

namespace Keyferry.Cli.Input;

/// <summary>The sentinels' own user and password, where they have some: two options, each with a variable of the same name. Commands of one server, which no sentinel names, have none.</summary>
internal sealed class SentinelArguments(string role, string optionPrefix, string variablePrefix)
{
    private readonly Option<string?> _user = new($"--{optionPrefix}sentinel-user")
    {
        HelpName = "NAME",
        Description = $"ACL user on the sentinels of the {role}. Default: {variablePrefix}SENTINEL_USER.",
    };

    private readonly Option<string?> _passwordFile = new($"--{optionPrefix}sentinel-password-file")
    {
        HelpName = "PATH",
        Description =
            $"File whose first line is the password for the sentinels of the {role}, where it is not that of the servers. Default: {variablePrefix}SENTINEL_PASSWORD.",
    };

    /// <summary>Adds them to <paramref name="command"/>.</summary>
    public void AddTo(Command command)
    {
        if (role != "server")
        {
            command.Options.Add(_user);
            command.Options.Add(_passwordFile);
        }
    }

    /// <summary>Adds what was given to the terms of <paramref name="endpoint"/>, options before variables.</summary>
    /// <exception cref="KeyferryException">There are no sentinels, or a user has no password (<see cref="FailureKind.Usage"/>).</exception>
    public Endpoint Read(ParseResult parsed, Surroundings surroundings, Endpoint endpoint)
    {
        if (role == "server")
        {
            return endpoint;
        }

        var user = parsed.GetValue(_user) ?? Variable("USER");
        var password =
            parsed.GetValue(_passwordFile) is { } path ? PasswordFile.Read(path, _passwordFile.Name)
            : Variable("PASSWORD") is { } text ? new Secret(text)
            : null;
        surroundings.Mask.Add(password);
        if (user is not null && password is null)
        {
            throw new KeyferryException(
                FailureKind.Usage,
                $"The sentinels of the {role} have a user but no password.",
                $"Give it with {_passwordFile.Name} PATH or {variablePrefix}SENTINEL_PASSWORD."
            );
        }

        if (password is null)
        {
            return endpoint;
        }

        return endpoint.Sentinel is { } sentinel
            ? endpoint with
            {
                Sentinel = sentinel with { User = user, Password = password },
            }
            : throw new KeyferryException(
                FailureKind.Usage,
                $"A password for sentinels was given, but the {role} {endpoint} is named without any.",
                $"Name them: redis+sentinel://host:port,host:port/service; or leave {_passwordFile.Name} (and its variable) out."
            );

        string? Variable(string name) => surroundings.Variable($"{variablePrefix}SENTINEL_{name}") is { Length: > 0 } value ? value : null;
    }
}
