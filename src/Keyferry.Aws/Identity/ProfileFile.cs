namespace Keyferry.Aws.Identity;

/// <summary>The profiles of <c>~/.aws/credentials</c> and <c>~/.aws/config</c>; where both name a setting, the first file counts.</summary>
internal sealed class ProfileFile
{
    private readonly Dictionary<string, Dictionary<string, string>> _sections = new(StringComparer.Ordinal);

    /// <summary>Reads both files; one that is missing is an empty one.</summary>
    public static ProfileFile Read(Calls.AwsSurroundings surroundings)
    {
        var home = surroundings.Set("HOME") ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var file = new ProfileFile();
        file.Load(surroundings.Set("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(home, ".aws", "credentials"), isConfig: false);
        file.Load(surroundings.Set("AWS_CONFIG_FILE") ?? Path.Combine(home, ".aws", "config"), isConfig: true);
        return file;
    }

    /// <summary>Whether there is such a profile.</summary>
    public bool Has(string profile) => _sections.ContainsKey(profile);

    /// <summary>One setting of a profile, or <see langword="null"/>.</summary>
    public string? Get(string profile, string name) =>
        _sections.GetValueOrDefault(profile)?.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    private void Load(string path, bool isConfig)
    {
        if (!File.Exists(path))
        {
            return;
        }

        Dictionary<string, string>? section = null;
        foreach (var line in File.ReadLines(path))
        {
            var text = line.Trim();
            if (text.StartsWith('[') && text.EndsWith(']'))
            {
                section = SectionOf(text[1..^1].Trim(), isConfig);
            }
            else if (section is not null && text.Length > 0 && text[0] is not ('#' or ';') && text.IndexOf('=') is var equals and > 0)
            {
                // An indented line belongs to a group of settings (s3 = ...), of which none is ours.
                _ = char.IsWhiteSpace(line[0]) || section.TryAdd(text[..equals].Trim(), text[(equals + 1)..].Trim());
            }
        }
    }

    // The config file says [profile name], but [default]; the other one [name].
    private Dictionary<string, string>? SectionOf(string head, bool isConfig)
    {
        var words = head.Split((char[])[' ', '\t'], 2, StringSplitOptions.TrimEntries);
        var name = words switch
        {
            ["profile", var profile] when isConfig => profile,
            ["sso-session", var session] when isConfig => "sso-session " + session,
            [var only] when !isConfig || only == "default" => only,
            _ => null,
        };
        if (name is null)
        {
            return null;
        }

        if (!_sections.TryGetValue(name, out var section))
        {
            _sections[name] = section = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        }

        return section;
    }
}
