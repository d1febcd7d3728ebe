using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Keyferry.Integration.Servers;

/// <summary>One server program on disk and its version, asked of the program itself.</summary>
public sealed partial record ServerBinary(string Path, Version Version)
{
    private static readonly ConcurrentDictionary<ServerKind, ServerBinary> _found = new();

    /// <summary>Finds the program; a missing one is a failure that says how to get it, never a reason to skip.</summary>
    /// <exception cref="FileNotFoundException">The program is not on this machine.</exception>
    public static ServerBinary Find(ServerKind kind) =>
        _found.GetOrAdd(
            kind,
            static wanted =>
            {
                var path = Locate(wanted, Environment.GetEnvironmentVariable("PATH") ?? "") ?? throw Missing(wanted);
                return new ServerBinary(path, AskVersion(path));
            }
        );

    /// <summary>Whether the program is there; for the servers that are tested on a best-effort basis only.</summary>
    public static bool Exists(ServerKind kind) => Locate(kind, Environment.GetEnvironmentVariable("PATH") ?? "") is not null;

    /// <summary>RediSearch 1.2, a module that every server of the matrix loads: <c>--loadmodule</c> and this file.</summary>
    /// <exception cref="FileNotFoundException">It is not on this machine.</exception>
    public static string SearchModule()
    {
        var file = System.IO.Path.Combine(
            CacheFolder(),
            "servers",
            "redisearch",
            "root",
            "usr",
            "lib",
            "redis",
            "modules",
            "redisearch.so"
        );
        return File.Exists(file)
            ? file
            : throw new FileNotFoundException(
                $"The module {file} is missing. Run ./test, which fetches it, or: tools/fetch-server redisearch."
            );
    }

    internal static string? Locate(ServerKind kind, string searchPath)
    {
        var folders =
            kind == ServerKind.Machine
                ? searchPath.Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                : [System.IO.Path.Combine(CacheFolder(), "servers", CacheName(kind))];
        var name = kind switch
        {
            ServerKind.Valkey80 or ServerKind.Valkey81 or ServerKind.Valkey91 => "valkey-server",
            ServerKind.Redict73 => "redict-server",
            _ => "redis-server",
        };
        return folders.Select(folder => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);
    }

    internal static FileNotFoundException Missing(ServerKind kind) =>
        new(
            kind == ServerKind.Machine
                ? "No redis-server on PATH. Run ./test, which installs it, or: apt-get install redis-server."
                : $"The server {kind} is not in {CacheFolder()}. Run ./test, which fetches it, or: tools/fetch-server {CacheName(kind)}."
        );

    private static string CacheFolder() =>
        Environment.GetEnvironmentVariable("KEYFERRY_CACHE") is { Length: > 0 } folder
            ? folder
            : System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "keyferry");

    private static string CacheName(ServerKind kind) => kind.ToString().ToLowerInvariant();

    private static Version AskVersion(string path)
    {
        using var process =
            Process.Start(new ProcessStartInfo(path, "--version") { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new InvalidOperationException($"{path} could not be started.");
        var text = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        var match = VersionText().Match(text);
        return match.Success
            ? Version.Parse(match.Groups["version"].Value)
            : throw new InvalidOperationException($"{path} said no version: {text}");
    }

    [GeneratedRegex(@"\bv=(?<version>\d+\.\d+\.\d+)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex VersionText();
}
